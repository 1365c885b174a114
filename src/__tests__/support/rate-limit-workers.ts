import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { onTestFinished } from "vitest"

/** Between which two instants something happened, in microseconds. */
export type Span = readonly [from: number, to: number]

/** The most admissions that certainly lay within one span: of each it is known between which two instants it came. */
export function most(admitted: readonly Span[], length: number): number {
  const byEnd = [...admitted].sort((a, b) => a[1] - b[1])
  let highest = 0
  for (const [from] of admitted) {
    const within = byEnd.filter(([began, ended]) => began >= from && ended <= from + length)
    highest = Math.max(highest, within.length)
  }
  return highest
}

/** Starts processes with the same settings, lets them go at the same moment, and gives what each tells at its end. `meanwhile` is done after that moment. */
export async function runTogether<T>(worker: string, howMany: number, settings: object, meanwhile?: () => Promise<unknown>): Promise<readonly T[]> {
  const workers = Array.from({ length: howMany }, () => fork(worker, [JSON.stringify(settings)]))
  onTestFinished(() => {
    for (const one of workers) one.kill("SIGKILL")
  })
  await Promise.all(workers.map((one) => told(one)))
  const seen = workers.map((one) => told(one) as Promise<T>)
  for (const one of workers) one.send("go")
  await meanwhile?.()
  return Promise.all(seen)
}

/** The next message of a process; one that ends without it has said why on its standard error. */
async function told(worker: ChildProcess): Promise<unknown> {
  const stop = new AbortController()
  const ended = once(worker, "exit", { signal: stop.signal }).then(([code]) => {
    throw new Error(`Expected a message, but the process ended with ${String(code)}`)
  })
  try {
    const [message] = await Promise.race([once(worker, "message", { signal: stop.signal }), ended])
    return message
  } finally {
    ended.catch(() => undefined)
    stop.abort()
  }
}
