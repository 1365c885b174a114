import type { Server } from "node:http"
import { Server as NetServer } from "node:net"
import { setImmediate as turn } from "node:timers/promises"
import { closeUnused } from "../http/server.js"

/** How long running requests may take to finish, in milliseconds. */
const GRACE_MS = 10_000
/** How long connections that wait may take to be accepted, while ever more come. */
const LONGEST_ACCEPTING_MS = 3_000
/** How often connections that are in use no longer are looked for. */
const LOOK_FOR_UNUSED_MS = 20

/**
 * Stops accepting connections and waits for the requests that run. A connection that is kept alive ends with its next answer, or when it is idle.
 *
 * @param graceMs - after this time, what still runs is cut off
 * @returns whether everything finished by itself
 */
export async function drain(server: Server, graceMs = GRACE_MS): Promise<boolean> {
  let finished = true
  const limit = setTimeout(() => {
    finished = false
    server.closeAllConnections()
  }, graceMs)
  await acceptWaiting(server)
  // That of an HTTP server would close idle connections at once, and with them requests that were not read yet.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  const unused = setInterval(() => closeUnused(server), LOOK_FOR_UNUSED_MS)
  await closed
  clearInterval(unused)
  clearTimeout(limit)
  return finished
}

/** Connections that the kernel has taken are reset with the listening socket, and what was sent over them is lost. Node accepts one of them in each turn of the event loop. */
async function acceptWaiting(server: Server): Promise<void> {
  const latest = performance.now() + LONGEST_ACCEPTING_MS
  let accepted = 0
  const count = (): void => {
    accepted += 1
  }
  server.on("connection", count)
  // What is left of this turn accepts none.
  await turn()
  for (let before = -1; accepted > before && performance.now() < latest; ) {
    before = accepted
    await turn()
  }
  server.off("connection", count)
}

/** Resolves at the first SIGTERM or SIGINT. Later ones change nothing: a terminal and npm may both pass on the same Ctrl-C. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on("SIGTERM", resolve)
    process.on("SIGINT", resolve)
  })
}
