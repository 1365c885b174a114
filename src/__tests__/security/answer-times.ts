declare module "vitest" {
  interface TaskMeta {
    /** For `npm run security`, which prints them. */
    answerTimes?: readonly AnswerTime[]
  }
}

/** How long answers of one kind took, in microseconds: half of them took between `lower` and `upper`. */
export interface AnswerTime {
  readonly what: string
  readonly lower: number
  readonly median: number
  readonly upper: number
  readonly samples: number
}

/** Measures calls by turns, each kind once in a turn and in another order each time, so that what else the machine does meets all alike. */
export async function measure(kinds: Readonly<Record<string, () => Promise<unknown>>>, turns: number): Promise<readonly AnswerTime[]> {
  const names = Object.keys(kinds)
  const taken = new Map(names.map((name) => [name, [] as number[]]))
  for (let turn = 0; turn < turns; turn += 1) {
    for (const at of names.keys()) {
      const name = names[(at + turn) % names.length] as string
      const since = performance.now()
      await kinds[name]?.()
      taken.get(name)?.push((performance.now() - since) * 1000)
    }
  }
  return names.map((what) => summarized(what, taken.get(what) ?? []))
}

function summarized(what: string, times: readonly number[]): AnswerTime {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  return { what, lower: at(0.25), median: at(0.5), upper: at(0.75), samples: sorted.length }
}
