import { setMaxListeners } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { createSessionService } from "coatcheck"
import { isWanted, type LayerSettings, type Row } from "../layer.js"
import { connectPlain, type PlainClient } from "../servers/plain-client.js"
import { SERVER_KINDS, StoreServer } from "../servers/StoreServer.js"
import { type Random, randomFrom } from "../workloads/random.js"
import { checkExpiry, type ExpiryLine, type ExpiryTimes, type ExpiryViolation } from "./expiry-checker.js"

const TIMES: ExpiryTimes = { idleMs: 600, absoluteMs: 2_400, touchMs: 150 }
const SESSIONS = { quick: 60, full: 1_500 } as const
const WIDTH = 60
const MOST_CALLS = 60
const MILLISECOND = 1_000
const NAME = "expiry"

/** Sessions with short deadlines, used and left alone, judged by the server's clock alone. One row a server. */
export async function runExpiry(settings: LayerSettings): Promise<Row[]> {
  const rows: Row[] = []
  for (const kind of settings.scale === "quick" ? SERVER_KINDS.slice(0, 1) : SERVER_KINDS) {
    setMaxListeners(WIDTH * 2, settings.signal)
    if (!isWanted(`${kind}, one server, ${NAME}`, settings)) continue
    await using server = await StoreServer.start(kind)
    rows.push(await expireOn(server, settings))
  }
  return rows
}

async function expireOn(server: StoreServer, { scale, seed, signal, onProgress }: LayerSettings): Promise<Row> {
  const { idleMs, absoluteMs, touchMs } = TIMES
  const clock = await connectPlain(server.url)
  const service = await createSessionService({
    store: server.url,
    idleTimeout: `${idleMs}ms`,
    absoluteTimeout: `${absoluteMs}ms`,
    touchInterval: `${touchMs}ms`,
    timeout: "20s",
  })
  const found: Found = { sessions: 0, calls: 0, kept: 0, endedIdle: 0, endedAbsolute: 0, violations: [] }
  const live = async (lane: number): Promise<void> => {
    const random = randomFrom(seed + lane * 7_919)
    while (found.sessions < SESSIONS[scale]) {
      found.sessions += 1
      onProgress(`expiry on ${server.kind}: ${found.sessions} of ${SESSIONS[scale]} sessions`)
      add(found, await liveOnce(service, clock, random, signal))
    }
  }
  try {
    await Promise.all(Array.from({ length: WIDTH }, (_, lane) => live(lane)))
  } finally {
    clock.destroy()
    await service.close()
  }
  return rowOf(server, found)
}

type Service = Awaited<ReturnType<typeof createSessionService>>

interface Found {
  sessions: number
  calls: number
  kept: number
  endedIdle: number
  endedAbsolute: number
  readonly violations: ExpiryViolation[]
}

async function liveOnce(service: Service, clock: PlainClient, random: Random, signal: AbortSignal): Promise<readonly ExpiryLine[]> {
  let token = ""
  const timed = async (kind: ExpiryLine["kind"], work: () => Promise<boolean>): Promise<ExpiryLine> => {
    const from = await serverTime(clock)
    const found = await work()
    return { kind, from, to: await serverTime(clock), found }
  }
  const lines = [
    await timed("create", async () => {
      token = (await service.createSession({ userId: "expiry" })).token
      return true
    }),
  ]
  // Some are used as long as they may live, some are left alone until just before, just after or long after their idle deadline.
  const faithful = random(2) === 0
  for (let gone = 0; gone < 2 && lines.length < MOST_CALLS; ) {
    await pause(faithful ? random(TIMES.idleMs * 0.8) : TIMES.idleMs * 0.8 + random(TIMES.touchMs * 3), undefined, { signal })
    const touch = random(4) !== 0
    const line = await timed(touch ? "access" : "look", async () => (await service.getSession(token, { touch })) !== null)
    lines.push(line)
    if (!line.found) gone += 1
  }
  return lines
}

async function serverTime(clock: PlainClient): Promise<number> {
  const [seconds = "", micros = ""] = (await clock.sendCommand(["TIME"])) as unknown as readonly string[]
  return Number(seconds) * MILLISECOND + Number(micros) / MILLISECOND
}

function add(found: Found, lines: readonly ExpiryLine[]): void {
  const { violations, kept, endedIdle, endedAbsolute } = checkExpiry(lines, TIMES)
  found.calls += lines.length
  found.kept += kept
  found.endedIdle += endedIdle
  found.endedAbsolute += endedAbsolute
  found.violations.push(...violations)
}

function rowOf({ kind, version }: StoreServer, { sessions, calls, kept, endedIdle, endedAbsolute, violations }: Found): Row {
  const of = (...rules: readonly ExpiryViolation["rule"][]): number => violations.filter(({ rule }) => rules.includes(rule)).length
  const met = { kept, "ended by the idle deadline": endedIdle, "ended by the absolute deadline": endedAbsolute }
  const why = [
    ...violations.map(({ rule, what }) => `${rule}: ${what}`),
    ...Object.entries(met)
      .filter(([, count]) => count === 0)
      .map(([what]) => `Expected some session to be ${what}, got none`),
  ]
  const late = of("found too late", "found after its absolute deadline", "came back")
  return {
    name: NAME,
    where: `${kind} ${version}, one server`,
    verdict: why.length === 0 ? "passed" : "failed",
    figures: { sessions, calls, ...met, "ended early": of("ended early"), "found after the end": late },
    summary: { "reads of a session that was over by its deadline": late, "sessions that ended before their deadline": of("ended early") },
    why,
    replayAs: `${kind}, one server, ${NAME}`,
  }
}
