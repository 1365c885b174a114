import type { Server } from "node:http"
import { closeSilentConnections } from "../http/server.js"

/** How long running requests may take to finish, in milliseconds. */
const GRACE_MS = 10_000
/** Node closes the connections that are idle at first; those that were in use are idle after their answer. */
const LOOK_FOR_IDLE_MS = 20

/**
 * Stops accepting connections and waits for the requests that run. A connection that is kept alive ends with its next answer, or when it is idle.
 *
 * @param graceMs - after this time, what still runs is cut off
 * @returns whether everything finished by itself
 */
export async function drain(server: Server, graceMs = GRACE_MS): Promise<boolean> {
  let finished = true
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const idle = setInterval(() => {
    server.closeIdleConnections()
    closeSilentConnections(server)
  }, LOOK_FOR_IDLE_MS)
  const limit = setTimeout(() => {
    finished = false
    server.closeAllConnections()
  }, graceMs)
  await closed
  clearInterval(idle)
  clearTimeout(limit)
  return finished
}

/** Resolves at the first SIGTERM or SIGINT. Later ones change nothing: a terminal and npm may both pass on the same Ctrl-C. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on("SIGTERM", resolve)
    process.on("SIGINT", resolve)
  })
}
