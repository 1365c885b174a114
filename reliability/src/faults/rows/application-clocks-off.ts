import { setTimeout as pause } from "node:timers/promises"
import { connectPlain } from "../../servers/plain-client.js"
import { StoreServer } from "../../servers/StoreServer.js"
import { ShiftedApplication } from "../clocks/ShiftedApplication.js"
import type { FaultRow } from "../fault-row.js"

const HOUR_MS = 3_600_000
const SHIFTS_MS = [0, HOUR_MS, -HOUR_MS, 24 * HOUR_MS, -24 * HOUR_MS]
const FEW_SHIFTS_MS = [0, HOUR_MS, -24 * HOUR_MS]
const LONG_MS = 600_000
const SHORT_MS = 1_000
const LIMIT = 2
/** The server keeps whole milliseconds. */
const ROUNDING_MS = 1

/** Applications whose clocks are wrong see, change and end nothing at another time: all times are the server's. */
export const APPLICATION_CLOCKS_OFF: FaultRow = {
  number: 24,
  name: "application clocks an hour and a day off",
  topologies: ["one server"],
  async run({ kind, client, scale, signal, times, note }) {
    await using server = await StoreServer.start(kind)
    const applications: ShiftedApplication[] = []
    const clock = await connectPlain(server.url)
    const now = async (): Promise<number> => {
      const [seconds = 0, micros = 0] = ((await clock.sendCommand(["TIME"])) as unknown as string[]).map(Number)
      return seconds * 1_000 + micros / 1_000
    }
    const why: string[] = []
    const off = { most: 0 }
    const between = (what: string, time: number, from: number, to: number): void => {
      off.most = Math.max(off.most, from - time - ROUNDING_MS, time - to - ROUNDING_MS, 0)
      if (time < from - ROUNDING_MS || time > to + ROUNDING_MS) why.push(`Expected ${what} by the server's clock, got ${Math.round(time - from)} ms beside it`)
    }
    let tried = 0
    try {
      for (const shiftMs of scale === "full" ? SHIFTS_MS : FEW_SHIFTS_MS) applications.push(await ShiftedApplication.start(shiftMs, client, server.url))
      const order: string[] = []
      const short: string[] = []
      for (let round = 0; round < times(20, 2); round++) {
        note(`round ${round + 1}`)
        for (const application of applications) {
          signal.throwIfAborted()
          tried += 1
          const from = await now()
          const { created = 0, expires = 0, token = "" } = await application.ask({ ask: "sign in", user: `own ${tried}`, idleMs: LONG_MS })
          const to = await now()
          between("a creation", created, from, to)
          between("a deadline", expires - LONG_MS, from, to)
          const other = applications[(applications.indexOf(application) + 1) % applications.length]
          await pause(60)
          const readFrom = await now()
          const { alive, lastAccess = 0 } = (await other?.ask({ ask: "read", token })) ?? {}
          if (alive !== true) why.push("Expected an application with another clock to see the session, got none")
          between("an access", lastAccess, readFrom, await now())
          const { handle = "", evicted = [] } = await application.ask({ ask: "sign in", user: "shared", idleMs: LONG_MS, limit: LIMIT })
          const oldest = order.length < LIMIT ? [] : [order.shift() ?? ""]
          order.push(handle)
          if (evicted.join() !== oldest.join()) why.push("Expected a sign-in beyond the limit to end the oldest session, got another")
          const { token: soonOver = "" } = await application.ask({ ask: "sign in", user: `short ${tried}`, idleMs: SHORT_MS })
          short.push(soonOver)
          // Whoever has a near-cache holds it from here on, and is not asked to forget it when it ends.
          for (const reader of applications) await reader.ask({ ask: "read", token: soonOver })
        }
      }
      await pause(SHORT_MS + 100)
      for (const application of applications)
        for (const token of short) {
          const { alive } = await application.ask({ ask: "read", token })
          if (alive !== false) why.push("Expected a session to be over for every application, got one that was alive")
        }
      return {
        version: server.version,
        tried,
        figures: { applications: applications.length, "deviation ms": Math.round(off.most) },
        why,
      }
    } finally {
      clock.destroy()
      await Promise.all(applications.map((application) => application[Symbol.asyncDispose]()))
    }
  },
}
