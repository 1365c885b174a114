/** A member of a sorted set and its score. */
export interface Member {
  readonly member: string
  readonly score: number
}

/** The value of a sorted set. It never changes: a write makes a new one, so that earlier states of a server can be kept without copying. */
export class SortedMembers {
  static readonly empty = new SortedMembers([], new Map())
  readonly #sorted: readonly Member[]
  readonly #scores: ReadonlyMap<string, number>

  private constructor(sorted: readonly Member[], scores: ReadonlyMap<string, number>) {
    this.#sorted = sorted
    this.#scores = scores
  }

  get size(): number {
    return this.#sorted.length
  }

  /** By score, then by member, byte by byte. */
  get all(): readonly Member[] {
    return this.#sorted
  }

  score(member: string): number | undefined {
    return this.#scores.get(member)
  }

  with(member: string, score: number): SortedMembers {
    const rest = this.#scores.has(member) ? this.#sorted.filter((one) => one.member !== member) : [...this.#sorted]
    rest.splice(placeOf(rest, member, score), 0, { member, score })
    return new SortedMembers(rest, new Map(this.#scores).set(member, score))
  }

  without(members: readonly string[]): SortedMembers {
    const gone = new Set(members)
    const scores = new Map(this.#scores)
    for (const member of gone) scores.delete(member)
    return new SortedMembers(
      this.#sorted.filter(({ member }) => !gone.has(member)),
      scores,
    )
  }
}

function placeOf(sorted: readonly Member[], member: string, score: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    const there = sorted[middle] as Member
    if (there.score < score || (there.score === score && there.member < member)) low = middle + 1
    else high = middle
  }
  return low
}

/** A bound as `ZRANGE … BYSCORE` takes it: a number, `(` before it to leave it out, `-inf` or `+inf`. */
function boundOf(text: string): { readonly at: number; readonly excluded: boolean } {
  const excluded = text.startsWith("(")
  const number = excluded ? text.slice(1) : text
  const at = number === "-inf" ? Number.NEGATIVE_INFINITY : number === "+inf" ? Number.POSITIVE_INFINITY : Number(number)
  // As C reads it, nothing is 0.
  if (Number.isNaN(at)) throw new Error("ERR min or max is not a float")
  return { at, excluded }
}

/** The members between two bounds, the lowest first; `reversed` takes the upper bound first and begins there. */
export function rangeByScore({ all }: SortedMembers, from: string, to: string, count: number, reversed = false): readonly Member[] {
  const low = boundOf(reversed ? to : from)
  const high = boundOf(reversed ? from : to)
  const isIn = ({ score }: Member): boolean => (low.excluded ? score > low.at : score >= low.at) && (high.excluded ? score < high.at : score <= high.at)
  const found = all.filter(isIn)
  if (reversed) found.reverse()
  return count < 0 ? found : found.slice(0, count)
}
