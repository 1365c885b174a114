const IN_FLIGHT = 256
const TOLD_EVERY = 1_000

export interface CrowdSettings {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number) => void) | undefined
}

/** Does something for each number below `count`, some at a time. @returns the answers, in order. */
export async function crowd<T>(count: number, work: (at: number) => Promise<T>, { signal, onProgress }: CrowdSettings = {}): Promise<T[]> {
  const answers = new Array<T>(count)
  let next = 0
  const goOn = async () => {
    for (let at = next++; at < count; at = next++) {
      answers[at] = await work(at)
      if (at % TOLD_EVERY !== 0) continue
      signal?.throwIfAborted()
      onProgress?.(at)
    }
  }
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, count) }, goOn))
  return answers
}
