import { HistoryRecorder } from "../../histories/HistoryRecorder.js"
import { freePort } from "../../servers/free-port.js"
import { askStore } from "../../servers/SentinelGroup.js"
import { StoreServer } from "../../servers/StoreServer.js"
import type { FaultRow } from "../fault-row.js"
import { judge } from "../judge.js"
import { limitsHeld } from "../limits.js"
import { SESSIONS_A_USER } from "../many-sessions.js"
import { wholeStore } from "../on-one-server.js"
import { HttpLoad } from "../rolling/HttpLoad.js"
import { HttpServiceProcess } from "../rolling/HttpServiceProcess.js"
import { makeRelease, type Release } from "../rolling/release.js"

const PROCESSES = 3
const API_KEY = "a-key-of-the-reliability-run-".repeat(2)
/** Beside the store's deadline a request waits for a machine that starts processes. */
const REQUEST_MS = 10_000
/** Well before a process cuts off what still runs. */
const STOPS_MS = 6_000
const BETWEEN_MS = 100

/** Three processes of the HTTP service are replaced one after the other, by another release each time around, while they are used. */
export const ROLLING_RESTART: FaultRow = {
  number: 31,
  name: "rolling restart to another release, under load",
  topologies: ["one server"],
  nearCache: "none",
  async run(site) {
    await using server = await StoreServer.start(site.kind)
    using now = makeRelease(site.client, false)
    using next = makeRelease(site.client, true)
    const ports: number[] = []
    while (ports.length < PROCESSES) ports.push(await freePort())
    const options = (release: Release, port: number) => ({ release, port, storeUrl: server.url, apiKey: API_KEY })
    const running = await Promise.all(ports.map((port) => HttpServiceProcess.start(options(now, port))))
    const recorder = new HistoryRecorder(process.hrtime.bigint())
    const rounds = site.times(10, 1)
    const why: string[] = []
    let restarts = 0
    let touchesLost = 0
    let longestStopMs = 0
    try {
      await using load = new HttpLoad(ports, API_KEY, recorder, site.seed)
      await load.run(BETWEEN_MS, site.signal)
      for (let round = 1; round <= rounds; round++) {
        for (const [i, port] of ports.entries()) {
          site.note(`round ${round} of ${rounds}, process ${i + 1}`)
          const touched = await load.touchThrough(port)
          const stopping = performance.now()
          const code = await running[i]?.terminate()
          longestStopMs = Math.max(longestStopMs, performance.now() - stopping)
          restarts += 1
          if (code !== 0) why.push(`Expected a process to end with 0 after SIGTERM, got ${code}`)
          if (!(await touched.wasKept())) touchesLost += 1
          await load.run(BETWEEN_MS, site.signal)
          running[i] = await HttpServiceProcess.start(options(round % 2 === 0 ? now : next, port))
        }
      }
      await load.finish()
      const found = judge(recorder.take())
      const { requests, serverErrors, cutOff, refused, sentAgain } = load
      why.push(...limitsHeld(found, { timeoutMs: REQUEST_MS }), ...(await wholeStore(server.url, SESSIONS_A_USER)))
      if (serverErrors + cutOff > 0) why.push(`Expected no request to fail, got ${serverErrors} answers of 5xx and ${cutOff} without an answer`)
      if (touchesLost > 0) why.push(`Expected every read to move its session's deadline, got ${touchesLost} that did not`)
      if (refused === 0) why.push("Expected connections to be refused while a process was away, got none")
      if (longestStopMs > STOPS_MS) why.push(`Expected a process to stop within ${STOPS_MS} ms, got ${Math.round(longestStopMs)} ms`)
      why.push(...(await wereBothServed(server, [now, next])))
      return {
        version: server.version,
        tried: restarts,
        figures: {
          requests,
          "answers of 5xx": serverErrors,
          "without an answer": cutOff,
          "connections refused": refused,
          "sent again after a close": sentAgain,
          lost: found.lost,
          revived: found.revived,
          "touches lost": touchesLost,
          "longest stop ms": Math.round(longestStopMs),
          "longest request ms": Math.round(found.longestCallMs),
        },
        summary: { "partial records": found.partial },
        why,
      }
    } finally {
      for (const each of running) await each[Symbol.asyncDispose]()
    }
  },
}

/** A server knows the scripts of both releases, and they have none in common. */
async function wereBothServed(server: StoreServer, releases: readonly Release[]): Promise<string[]> {
  const why: string[] = []
  for (const { scripts } of releases) {
    const known = (await askStore(server, ["SCRIPT", "EXISTS", ...scripts])) as number[]
    if (!known.includes(1)) why.push("Expected both releases to send scripts of their own, got one that sent none")
  }
  const [one, other] = releases
  if (one?.scripts.some((sha1) => other?.scripts.includes(sha1)) !== false) why.push("Expected two releases without a script in common")
  return why
}
