import { SessionError } from "../../../domain/errors.js"
import type { Judgement } from "../../../domain/rate-limit/record.js"
import type { Adjustment, PlacedClaim } from "./rate-limit-store.js"

/** The steps that one node can do. */
interface Steps {
  /** Takes all claims of one subject, or none. */
  take(claims: readonly PlacedClaim[]): Promise<readonly Judgement[]>
  /** Begins to give units back, and is not waited for. */
  giveBack(adjustments: readonly Adjustment[]): void
}

/**
 * Takes claims whose subjects lie on several nodes, one subject after another. When one denies or cannot be asked, what was taken of those before it is given back. The answer is
 * known by then, so it does not wait for that; what cannot be given back stays counted. A subject with rules in shadow mode alone may be out of reach: it could have denied nothing.
 *
 * @throws what `take` throws
 */
export async function takeInTurn(claims: readonly PlacedClaim[], { take, giveBack }: Steps): Promise<readonly Judgement[]> {
  const judged = new Map<PlacedClaim, Judgement>()
  const undo = (): void => {
    const taken = [...judged].filter(([, judgement]) => judgement.taken)
    // It counts as if it had never been taken, and denies nothing.
    for (const [claim, judgement] of taken) judged.set(claim, { ...judgement, taken: false, wait: 0, used: Math.max(0, judgement.used - claim.cost) })
    giveBack(taken.map(([claim, { at, ends }]) => ({ ...claim, cost: -claim.cost, until: at + ends })))
  }
  for (const group of bySubject(claims)) {
    const judgements = await take(group).catch((error: unknown) => {
      if (SessionError.is(error) && group.every(isShadow) && !claims.every(isShadow)) return []
      undo()
      throw error
    })
    for (const [at, claim] of group.entries()) if (judgements[at] !== undefined) judged.set(claim, judgements[at])
    if (group.every((claim, at) => isShadow(claim) || judgements[at]?.taken)) continue
    undo()
    break
  }
  const at = Math.max(...[...judged.values()].map((judgement) => judgement.at))
  return claims.map((claim) => judged.get(claim) ?? { at, taken: false, blockedFor: 0, wait: 0, used: 0, ends: 0 })
}

function isShadow({ rule }: PlacedClaim): boolean {
  return rule.shadow
}

function bySubject(claims: readonly PlacedClaim[]): readonly (readonly PlacedClaim[])[] {
  const groups = new Map<string, PlacedClaim[]>()
  for (const claim of claims) groups.set(claim.subject, [...(groups.get(claim.subject) ?? []), claim])
  return [...groups.values()]
}
