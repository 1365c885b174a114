import { setImmediate as turn } from "node:timers/promises"
import { SessionError } from "coatcheck"
import { StoreServer } from "../../servers/StoreServer.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import { limitsHeld } from "../limits.js"

const RUN_MS = 200
const BLOCK_MS = 2_000
const TIMEOUT_MS = 500
const READS = 20

/** An application that computes for longer than its calls may take: their deadlines pass unheard, their replies wait in the socket. */
export const BLOCKED_EVENT_LOOP: FaultRow = {
  number: 30,
  name: "application that answers nobody for 2 s",
  topologies: ["one server"],
  async run({ kind, client, seed, signal, times, note }) {
    await using server = await StoreServer.start(kind)
    const opened = await openStore(client, server.url)
    const blocks = times(10, 1)
    let recoveredMs = 0
    let sessionsKept = 0
    const why: string[] = []
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed, timeout: `${TIMEOUT_MS}ms`, clients: 16 })
      for (let i = 1; i <= blocks; i++) {
        note(`block ${i} of ${blocks}`)
        const { token } = await load.service.createSession({ userId: "blocked", attributes: { text: "kept" } })
        await load.run(RUN_MS, signal)
        const under = Array.from({ length: READS }, () => load.service.getSession(token).then(answerOf, codeOf))
        let settled = 0
        for (const read of under) void read.then(() => (settled += 1))
        // So that they are on their way.
        await turn()
        if (settled === READS) why.push("Expected reads to be under way when the application blocks, got none")
        block(BLOCK_MS)
        const answers = new Set(await Promise.all(under))
        if (answers.has("not found") || answers.has("not typed")) why.push(`Expected a session or an error of this library, got ${[...answers].join(", ")}`)
        recoveredMs = Math.max(recoveredMs, await load.recovered())
        if ((await load.service.getSession(token)) !== null) sessionsKept += 1
      }
      const found = await load.finish()
      // While nothing runs, no deadline is heard either.
      why.push(...limitsHeld(found, { timeoutMs: TIMEOUT_MS + BLOCK_MS }))
      if (sessionsKept < blocks) why.push(`Expected ${blocks} sessions to be there afterwards, got ${sessionsKept}`)
      return {
        version: server.version,
        tried: blocks,
        figures: {
          calls: found.operations,
          unknown: found.unknown,
          "longest call ms": Math.round(found.longestCallMs),
          "recovered ms": Math.round(recoveredMs),
        },
        summary: {},
        why,
      }
    } finally {
      await opened.close()
    }
  },
}

function answerOf(session: object | null): string {
  return session === null ? "not found" : "found"
}

function codeOf(error: unknown): string {
  return SessionError.is(error) ? error.code : "not typed"
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
