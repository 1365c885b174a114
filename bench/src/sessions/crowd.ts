const IN_FLIGHT = 256
const TOLD_EVERY = 1_000

export interface CrowdSettings {
  /** So many at a time; 256 otherwise. */
  readonly inFlight?: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number) => void) | undefined
}

/**
 * Does something for each number below `count`, some at a time.
 *
 * @returns the answers, in order
 * @throws what the first that failed threw, or the signal's reason: then nothing is begun any more, and nothing is under way
 */
export async function crowd<T>(
  count: number,
  work: (at: number) => Promise<T>,
  { inFlight = IN_FLIGHT, signal, onProgress }: CrowdSettings = {},
): Promise<T[]> {
  const answers = new Array<T>(count)
  let next = 0
  const goOn = async () => {
    try {
      for (let at = next++; at < count; at = next++) {
        signal?.throwIfAborted()
        answers[at] = await work(at)
        if (at % TOLD_EVERY === 0) onProgress?.(at)
      }
    } catch (error) {
      next = count
      throw error
    }
  }
  const working = Array.from({ length: Math.min(inFlight, count) }, goOn)
  await Promise.allSettled(working)
  await Promise.all(working)
  return answers
}
