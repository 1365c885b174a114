import type { ChildProcess } from "node:child_process"
import { once } from "node:events"

/** The next message of a child. @throws when it ends first */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const stop = new AbortController()
  const ended = once(child, "exit", { signal: stop.signal }).then(() => {
    throw new Error("Expected a process to answer, but it ended")
  })
  try {
    const [message] = await Promise.race([once(child, "message", { signal: stop.signal }), ended])
    return message as T
  } finally {
    ended.catch(() => undefined)
    stop.abort()
  }
}

/** Lets a child end that does when it is disconnected. */
export async function letEnd(child: ChildProcess): Promise<void> {
  // It may have ended before, which is then the reason why we are here.
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.disconnect()
  await ended
}
