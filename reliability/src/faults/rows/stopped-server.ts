import { type ISessionService, SessionError } from "coatcheck"
import { StoreServer } from "../../servers/StoreServer.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { listKeyOf } from "../many-sessions.js"
import { watchCommands } from "../watch-commands.js"

const RUN_MS = 300
const CLOSES_AGAIN_MS = 2_000
const ARRIVES_WITHIN_MS = 20_000
const TIMEOUT_MS = 500
/** Far less than a call may take. */
const AT_ONCE_MS = TIMEOUT_MS / 5
const LOOKS = 5

/** A server that stops for a while takes what was sent to it when it goes on; nothing of that may be done after the caller was told that time was up. */
export const STOPPED_SERVER: FaultRow = {
  number: 5,
  name: "server stopped for a while (SIGSTOP)",
  topologies: ["one server"],
  async run({ kind, client, seed, scale, signal, times, note }) {
    await using server = await StoreServer.start(kind)
    const opened = await openStore(client, server.url)
    const stopMs = scale === "full" ? 10_000 : 1_500
    const stops = times(3, 1)
    let recoveredMs = 0
    let lateCopies = 0
    let lateEffects = 0
    const why: string[] = []
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed, timeout: `${TIMEOUT_MS}ms` })
      for (let i = 1; i <= stops; i++) {
        note(`stop ${i} of ${stops}`)
        await load.run(RUN_MS, signal)
        using watch = await watchCommands(server)
        server.pause()
        const late = load.service.createSession({ userId: "stopped", attributes: { text: "late" } }).then(
          () => "was answered",
          (error: unknown) => (SessionError.is(error) ? error.outcome : "failed with something else"),
        )
        await load.run(stopMs, signal)
        why.push(...(await refusedAtOnce(load.service)))
        server.resume()
        recoveredMs = Math.max(recoveredMs, await load.recovered())
        // What reached the server after its caller had been told that time was up.
        const copies = (): number => watch.lines.filter((line) => /"EVAL(SHA)?"/i.test(line) && line.includes(listKeyOf("stopped"))).length
        await waitUntil("the sign-in to reach the server when it went on", ARRIVES_WITHIN_MS, async () => copies() > 0)
        lateCopies += copies()
        const [told, after] = [await late, await load.service.getUserSessions("stopped")]
        if (told !== "unknown") why.push(`Expected a sign-in at a stopped server to be unknown, got ${told}`)
        lateEffects += after.sessions.length
        if (after.sessions.length > 0) why.push("Expected a sign-in to do nothing after its deadline, got one that was done when the server went on")
      }
      if (recoveredMs > CLOSES_AGAIN_MS)
        why.push(`Expected calls to succeed within ${CLOSES_AGAIN_MS} ms of the server's going on, took ${Math.round(recoveredMs)} ms`)
      const found = await load.finish()
      why.push(...limitsHeld(found, { timeoutMs: TIMEOUT_MS }))
      return {
        version: server.version,
        tried: stops,
        figures: {
          calls: found.operations,
          unknown: found.unknown,
          "longest call ms": Math.round(found.longestCallMs),
          "recovered ms": Math.round(recoveredMs),
          "late copies": lateCopies,
          "late effects": lateEffects,
        },
        summary: { "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, TIMEOUT_MS)), "partial records": found.partial },
        why,
      }
    } finally {
      server.resume()
      await opened.close()
    }
  },
}

/** By now the service knows that the server says nothing: who asks is told so, and does not wait. A machine that is busy may hold up some who ask. */
async function refusedAtOnce(service: Pick<ISessionService, "getUserSessions">): Promise<string[]> {
  const told: string[] = []
  let leastMs = Number.POSITIVE_INFINITY
  for (let look = 0; look < LOOKS; look++) {
    const began = performance.now()
    const answer = service.getUserSessions("stopped").then(
      () => "was answered",
      (error: unknown) => (SessionError.is(error) ? error.code : "failed with something else"),
    )
    told.push(await answer)
    leastMs = Math.min(leastMs, performance.now() - began)
  }
  const others = told.filter((one) => one !== "ERR_STORE_UNAVAILABLE")
  return [
    ...(others.length > 0 ? [`Expected calls to be refused while the server is known to say nothing, got ${others.join(", ")}`] : []),
    ...(leastMs > AT_ONCE_MS ? [`Expected a call to be refused within ${AT_ONCE_MS} ms, took ${Math.round(leastMs)} ms`] : []),
  ]
}
