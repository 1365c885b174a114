import type { ChildProcess } from "node:child_process"
import { once } from "node:events"

/**
 * Sends a process a question and waits for its next message. Nothing is left on the process afterwards: it may be asked thousands of times.
 *
 * @param who - for an error
 * @throws when the process ends first, or does not answer within so many milliseconds
 */
export async function askChild<Answer>(child: ChildProcess, question: object | string, who: string, withinMs = Number.POSITIVE_INFINITY): Promise<Answer> {
  const over = new AbortController()
  const signal = Number.isFinite(withinMs) ? AbortSignal.any([over.signal, AbortSignal.timeout(withinMs)]) : over.signal
  const answered = once(child, "message", { signal })
  const ended = once(child, "exit", { signal }).then(() => {
    throw new Error(`Expected ${who} to go on, but it ended`)
  })
  try {
    child.send(question)
    const [answer] = (await Promise.race([answered, ended])) as [Answer]
    return answer
  } finally {
    over.abort()
    for (const wait of [answered, ended]) wait.catch(() => undefined)
  }
}
