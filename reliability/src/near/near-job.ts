import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises"
import type { ISessionService } from "coatcheck"
import type { Attributes } from "../workloads/RecordedClient.js"
import { oneOf, type Random, randomFrom } from "../workloads/random.js"
import type { NearLine } from "./near-line.js"
import { RecordedNear } from "./RecordedNear.js"

/** A session as both kinds of process know it. */
export interface NearToken {
  readonly user: string
  readonly token: string
}

/** What one process is asked to do in a round of W7. Times are by the common clock, in milliseconds. */
export type NearJob =
  | { readonly role: "sign-in"; readonly users: readonly string[]; readonly sessionsPerUser: number }
  | {
      readonly role: "reader"
      readonly seed: number
      readonly tokens: readonly NearToken[]
      readonly until: number
      /** When nothing else of the process runs for a while, and for how long. */
      readonly block?: { readonly at: number; readonly ms: number }
    }
  /** Everything is read once more. */
  | { readonly role: "look"; readonly tokens: readonly NearToken[] }
  | { readonly role: "revoker"; readonly seed: number; readonly tokens: readonly NearToken[]; readonly from: number; readonly until: number }

export interface NearResult {
  readonly tokens: readonly NearToken[]
  readonly lines: readonly NearLine[]
}

const LANES = 4
const LONGEST_PAUSE_MS = 3

/** Does one job of W7 with a service whose reads may come from its near-cache. */
export async function doNear(
  service: ISessionService<Attributes>,
  job: NearJob,
  place: { readonly origin: bigint; readonly process: number },
): Promise<NearResult> {
  const near = new RecordedNear(service, place)
  switch (job.role) {
    case "sign-in": {
      const users = job.users.flatMap((user) => Array<string>(job.sessionsPerUser).fill(user))
      const tokens = await Promise.all(
        users.map(async (user) => ({ user, token: (await service.createSession({ userId: user, attributes: { text: "" } })).token })),
      )
      return { tokens, lines: [] }
    }
    case "reader":
      await Promise.all([...lanes(near, job), ...(job.block === undefined ? [] : [blockOnce(near, job.tokens, job.block)])])
      return { tokens: [], lines: near.lines }
    case "look":
      await readAll(near, job.tokens)
      return { tokens: [], lines: near.lines }
    case "revoker":
      await revokeAll(near, job)
      return { tokens: [], lines: near.lines }
  }
}

function lanes(
  near: RecordedNear,
  { seed, tokens, until }: { readonly seed: number; readonly tokens: readonly NearToken[]; readonly until: number },
): Promise<void>[] {
  return Array.from({ length: LANES }, async (_, lane) => {
    const random = randomFrom(seed + lane * 104_729)
    while (near.now() < until) {
      await near.read(oneOf(random, tokens)?.token ?? "")
      await pause(random(LONGEST_PAUSE_MS))
    }
  })
}

/** Everything is asked for as soon as the process goes on, before a timer or a socket gets its turn: what counts on either is late now. */
async function blockOnce(near: RecordedNear, tokens: readonly NearToken[], { at, ms }: { readonly at: number; readonly ms: number }): Promise<void> {
  await pause(Math.max(0, at - near.now()))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  await readAll(near, tokens)
}

async function readAll(near: RecordedNear, tokens: readonly NearToken[]): Promise<void> {
  await Promise.all(tokens.map(({ token }) => near.read(token)))
}

/** Ends, replaces and changes sessions one after the other. Each was read before by this process, too, and is asked for again as soon as the change was acknowledged. */
async function revokeAll(
  near: RecordedNear,
  job: { readonly seed: number; readonly tokens: readonly NearToken[]; readonly from: number; readonly until: number },
): Promise<void> {
  const random = randomFrom(job.seed)
  const steps = shuffled(stepsFor(near, job.tokens), random)
  await pause(Math.max(0, job.from - near.now()))
  for (const [at, { tokens, step }] of steps.entries()) {
    await Promise.all(tokens.map((token) => near.read(token)))
    await step()
    // What this process itself ended it must not find, not even in the same turn.
    await Promise.all(tokens.map((token) => near.read(token)))
    await nextTurn()
    const next = job.from + ((at + 1) * (job.until - job.from)) / steps.length
    await pause(Math.max(0, next - near.now()))
  }
}

interface Step {
  readonly tokens: readonly string[]
  step(): Promise<void>
}

/** Of each five users the sessions of one are ended together, of one each by itself, of one replaced without grace; those of the others are changed twice. */
function stepsFor(near: RecordedNear, all: readonly NearToken[]): readonly Step[] {
  return [...new Set(all.map(({ user }) => user))].flatMap((user, number): readonly Step[] => {
    const tokens = all.filter((one) => one.user === user).map(({ token }) => token)
    const each = (step: (token: string) => Promise<void>): readonly Step[] => tokens.map((token) => ({ tokens: [token], step: () => step(token) }))
    switch (number % 5) {
      case 0:
        return [{ tokens, step: () => near.endAll(user, tokens) }]
      case 1:
        return each((token) => near.end(token))
      case 2:
        return each((token) => near.replace(token))
      default:
        return [...each((token) => near.change(token)), ...each((token) => near.change(token))]
    }
  })
}

function shuffled<T>(all: readonly T[], random: Random): readonly T[] {
  return all
    .map((one) => ({ one, order: random(1_000_003) }))
    .sort((a, b) => a.order - b.order)
    .map(({ one }) => one)
}
