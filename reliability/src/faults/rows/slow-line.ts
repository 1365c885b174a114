import { createSessionService, type OwnedSessionService, SessionError } from "coatcheck"
import { HistoryRecorder } from "../../histories/HistoryRecorder.js"
import { type HistoryLine, NANOSECONDS } from "../../histories/history-line.js"
import { StoreServer } from "../../servers/StoreServer.js"
import { openStore } from "../../workloads/open-store.js"
import { type Attributes, RecordedClient } from "../../workloads/RecordedClient.js"
import type { FaultRow } from "../fault-row.js"
import { judge } from "../judge.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { FaultProxy } from "../network/FaultProxy.js"
import { lookAround, makeSession, RECORDED_CALLS } from "../network/recorded-calls.js"
import type { Weather } from "../network/SlowPipe.js"
import { Standstills } from "../Standstills.js"

type Service = OwnedSessionService<Attributes, Attributes>

/** By what they add to a round trip; what they do is done in each direction. */
const WEATHERS: Readonly<Record<string, Weather>> = {
  "+50 ms": { latencyMs: 25 },
  "10 KB/s": { bytesPerSecond: 10_000 },
  "one byte at a time": { sliceBytes: 1 },
  "+500 ms": { latencyMs: 250 },
  "0 to 200 ms of jitter": { jitterMs: 100 },
}
const OF_A_QUICK_RUN = 3
const TIMEOUT_MS = 10_000
const CROWD = 5_000
const CROWD_TIMEOUT_MS = 1_000
/** What a service lets in at a time, beside sign-outs. */
const MOST_IN_FLIGHT = 4_000

/** On a slow line calls are slower and as right as ever; a crowd of them is refused, and no queue grows. */
export const SLOW_LINE: FaultRow = {
  number: 15,
  name: "slow line",
  topologies: ["one server"],
  nearCache: "none",
  async run({ kind, client, scale, signal, times, note }) {
    const origin = process.hrtime.bigint()
    using standstills = new Standstills(origin)
    await using server = await StoreServer.start(kind)
    await using proxy = await FaultProxy.start(server.port)
    const direct = await createSessionService<Attributes>({ store: server.url })
    const opened = await openStore(client, proxy.url)
    const service = await createSessionService<Attributes>({ store: opened.store, timeout: `${TIMEOUT_MS}ms` })
    const hurried = await createSessionService<Attributes>({ store: opened.store, timeout: `${CROWD_TIMEOUT_MS}ms` })
    const recorder = new HistoryRecorder(origin)
    const all: HistoryLine[] = []
    const figures: Record<string, number> = {}
    try {
      const rounds = times(10, 1)
      const weathers = Object.entries(WEATHERS).slice(0, scale === "quick" ? OF_A_QUICK_RUN : undefined)
      for (const [name, weather] of weathers) {
        note(name)
        proxy.setWeather(weather)
        const own: HistoryLine[] = []
        for (let round = 0; round < rounds; round++) {
          signal.throwIfAborted()
          own.push(...(await everyCall(recorder, direct, service, `${name} ${round}`)))
        }
        figures[`p99 ms, ${name}`] = Math.round(percentile99(own))
        all.push(...own)
      }
      all.push(...recorder.take())
      const found = judge(all, { standstills })
      const why = limitsHeld(found, { timeoutMs: TIMEOUT_MS })
      if (found.failed + found.unknown > 0) why.push(`Expected every call to be answered, got ${found.failed + found.unknown} errors`)
      for (const [name, { latencyMs = 0 }] of weathers)
        if ((figures[`p99 ms, ${name}`] ?? 0) < latencyMs * 2) why.push(`Expected calls to be slower on a slow line (${name})`)
      proxy.setWeather({ bytesPerSecond: 10_000 })
      const crowd = await crowdIn(hurried, await makeSession(new RecordedClient(direct, recorder, 2), "crowd"))
      why.push(...crowd.why)
      const tried = weathers.length * rounds + 1
      return {
        version: server.version,
        tried,
        figures: { calls: found.operations, ...figures, "most calls in flight": CROWD - crowd.refused, "refused at once": crowd.refused },
        summary: { "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, TIMEOUT_MS)) },
        why,
      }
    } finally {
      proxy.setWeather({})
      for (const one of [service, hurried, direct]) await one.close()
      await opened.close()
    }
  },
}

/** Each call side by side with the others, over the slow line; then what they did, over the direct one. */
async function everyCall(recorder: HistoryRecorder, direct: Service, slow: Service, user: string): Promise<HistoryLine[]> {
  const looking = new RecordedClient(direct, recorder, 1)
  const made = await Promise.all(Object.keys(RECORDED_CALLS).map((call) => makeSession(looking, `${user} ${call}`)))
  const before = recorder.take()
  const issued = await Promise.all(Object.values(RECORDED_CALLS).map((call, i) => call(new RecordedClient(slow, recorder, 0), one(made[i]))))
  const slowLines = recorder.take()
  for (const [i, session] of made.entries()) await lookAround(looking, session, issued[i])
  return [...before, ...slowLines, ...recorder.take()]
}

function one<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("Expected a session for each call")
  return value
}

function percentile99(lines: readonly HistoryLine[]): number {
  const slow = lines.filter(({ client }) => client.startsWith("0.")).map(({ call, settled }) => (settled - call) / NANOSECONDS)
  return slow.sort((a, b) => a - b)[Math.ceil(slow.length * 0.99) - 1] ?? 0
}

/** More reads in one moment than the line could carry in a long time. */
async function crowdIn(service: Service, { token }: { readonly token: string }): Promise<{ readonly refused: number; readonly why: string[] }> {
  const began = performance.now()
  const answers = await Promise.all(
    Array.from({ length: CROWD }, async () => {
      try {
        return (await service.getSession(token)) === null ? "not found" : "found"
      } catch (error) {
        return SessionError.is(error) ? error.code : "not typed"
      }
    }),
  )
  const took = performance.now() - began
  const count = (answer: string): number => answers.filter((given) => given === answer).length
  const why: string[] = []
  const refused = count("ERR_STORE_OVERLOADED")
  if (refused !== CROWD - MOST_IN_FLIGHT) why.push(`Expected ${CROWD - MOST_IN_FLIGHT} of ${CROWD} calls to be refused, got ${refused}`)
  if (count("not found") + count("not typed") > 0) why.push("Expected a session or an error of this library, got something else")
  if (took > CROWD_TIMEOUT_MS * 2) why.push(`Expected the crowd to be answered within ${CROWD_TIMEOUT_MS * 2} ms, took ${Math.round(took)} ms`)
  return { refused, why }
}
