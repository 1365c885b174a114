import { setTimeout as pause } from "node:timers/promises"
import type { LayerReport, LayerSettings, Row } from "../layer.js"
import { StoreServer } from "../servers/StoreServer.js"
import { randomFrom } from "../workloads/random.js"
import { SoakProcess } from "./SoakProcess.js"
import { afterWarmUp, growthAnHour } from "./slope.js"
import { type ServerSample, SOAK_FAULTS, sampleServer } from "./soak-faults.js"
import type { ProcessSample, SoakTimes } from "./soak-messages.js"

export interface SoakSettings extends LayerSettings {
  readonly soakMinutes: number
}

type Sample = ProcessSample & { readonly server: ServerSample; readonly hours: number }

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const MEGABYTE = 2 ** 20
/** A shorter soak is sampled more often, and shows what it measured without judging the growth: noise alone has a slope in it. */
const SAMPLES_OF_A_SHORT_ONE = 12
const JUDGED_FROM_MINUTES = 20
const MOST_GROWTH = 1
const MOST_SCRIPTS = 32
const LONG: SoakTimes = { idleMs: 20_000, touchMs: 5_000, absoluteMs: 60_000 }
const SHORT: SoakTimes = { idleMs: 2_000, touchMs: 500, absoluteMs: 4_000 }
/** Lists remember what was ended for some seconds more. */
const KEYS_GONE_MS = 60_000

/** Hours of load at half of what the store can do, with a fault each minute and no cleaner: nothing may grow, and nothing may be left. */
export async function runSoak({ soakMinutes, seed, signal, onProgress }: SoakSettings): Promise<LayerReport> {
  const short = soakMinutes < JUDGED_FROM_MINUTES
  const times = short ? SHORT : LONG
  const total = soakMinutes * MINUTE
  const every = short ? total / SAMPLES_OF_A_SHORT_ONE : MINUTE
  await using server = await StoreServer.start("redis", { config: { appendonly: "yes", appendfsync: "everysec" } })
  await using soaker = new SoakProcess()
  const begun = soaker.begin({ url: server.url, seed, sessions: short ? 500 : 10_000, times, measureMs: Math.min(5_000, every * 2) })
  const { callsASecond } = await orAborted(begun, signal)
  const random = randomFrom(seed)
  const began = performance.now()
  const samples: Sample[] = []
  const faults: Record<string, number> = {}
  while (performance.now() - began < total) {
    const elapsed = performance.now() - began
    onProgress(`soak: ${(elapsed / MINUTE).toFixed(1)} of ${soakMinutes} min, ${samples.length} samples, heap ${megabytes(samples.at(-1)?.heap ?? 0)} MB`)
    // In the middle, so that a sample meets a process that has recovered.
    await pause(every / 2, undefined, { signal })
    const [name, bringAbout] = Object.entries(SOAK_FAULTS)[random(Object.keys(SOAK_FAULTS).length)] ?? ["", async () => undefined]
    await bringAbout(server, signal)
    faults[name] = (faults[name] ?? 0) + 1
    await pause(every / 2, undefined, { signal })
    const own = await orAborted(soaker.sample(), signal)
    samples.push({ ...own, server: await sampleServer(server), hours: (performance.now() - began) / HOUR })
  }
  await orAborted(soaker.stop(), signal)
  const gone = await waitForNoKeys(server, times.absoluteMs + times.idleMs + times.touchMs + KEYS_GONE_MS, signal)
  return [rowOf({ version: server.version, minutes: soakMinutes, callsASecond, samples, faults, gone, judged: !short })]
}

async function waitForNoKeys(server: StoreServer, withinMs: number, signal: AbortSignal): Promise<{ readonly left: number; readonly seconds: number }> {
  const began = performance.now()
  for (;;) {
    const { keys } = await sampleServer(server)
    const ms = performance.now() - began
    if (keys === 0 || ms > withinMs) return { left: keys, seconds: ms / 1_000 }
    await pause(500, undefined, { signal })
  }
}

interface Found {
  readonly version: string
  readonly minutes: number
  readonly callsASecond: number
  readonly samples: readonly Sample[]
  readonly faults: Readonly<Record<string, number>>
  readonly gone: { readonly left: number; readonly seconds: number }
  readonly judged: boolean
}

function rowOf({ version, minutes, callsASecond, samples, faults, gone, judged }: Found): Row {
  const warm = afterWarmUp(samples)
  const growth = (of: (sample: Sample) => number): number => growthAnHour(warm.map((sample) => ({ at: sample.hours, value: of(sample) / MEGABYTE })))
  const most = (of: (sample: Sample) => number): number => Math.max(0, ...samples.map(of))
  const heap = growth((sample) => sample.heap)
  const [first, last] = [warm[0], warm.at(-1)]
  const silent = samples.filter(({ answered }) => answered === 0).length
  const why = [
    ...(warm.length < 2 ? ["Expected at least two samples after the first quarter, got fewer"] : []),
    ...(judged && heap >= MOST_GROWTH ? [`Expected the heap to grow by less than ${MOST_GROWTH} MB an hour, got ${heap.toFixed(2)}`] : []),
    ...(first?.handles === last?.handles ? [] : [`Expected as many handles at the end as after the start, got ${last?.handles} after ${first?.handles}`]),
    ...(silent > 0 ? [`Expected calls to be answered between any two samples, got ${silent} times none`] : []),
    ...(most(({ server }) => server.withoutTtl) > 0
      ? [`Expected every key to have a time to live, got ${most(({ server }) => server.withoutTtl)} without`]
      : []),
    ...(most(({ server }) => server.scripts) > MOST_SCRIPTS ? ["Expected a fixed set of scripts, got more and more"] : []),
    ...(gone.left > 0 ? [`Expected every key to go by itself after the calls, got ${gone.left} left`] : []),
  ]
  return {
    name: "soak",
    where: `redis ${version}, one server, node-redis`,
    verdict: why.length === 0 ? "passed" : "failed",
    figures: {
      minutes,
      "calls a second at most": callsASecond,
      answered: samples.reduce((sum, { answered }) => sum + answered, 0),
      failed: samples.reduce((sum, { failed }) => sum + failed, 0),
      faults: Object.entries(faults)
        .map(([name, count]) => `${name} ${count}`)
        .join(", "),
      samples: samples.length,
      "heap MB": megabytes(last?.heap ?? 0),
      "heap growth MB/h": `${heap.toFixed(2)}${judged ? "" : ` (shorter than ${JUDGED_FROM_MINUTES} min: not judged)`}`,
      "RSS growth MB/h": growth((sample) => sample.rss).toFixed(2),
      handles: `${first?.handles} to ${last?.handles}`,
      timers: `${first?.timers} to ${last?.timers}`,
      "server's clients": last?.server.clients ?? 0,
      "server's memory growth MB/h": growth(({ server }) => server.memory).toFixed(2),
      "cached scripts": most(({ server }) => server.scripts),
      "keys without a time to live": most(({ server }) => server.withoutTtl),
      "keys left": gone.left,
      "all keys gone after s": Math.round(gone.seconds),
    },
    ...(judged ? { summary: { "soak: growth of the heap (MB an hour)": heap } } : {}),
    why,
  }
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1)
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const stop = new AbortController()
  const aborted = pause(2 ** 31 - 1, undefined, { signal: AbortSignal.any([signal, stop.signal]), ref: false }).catch(() => undefined)
  try {
    await Promise.race([work, aborted])
    signal.throwIfAborted()
    return await work
  } finally {
    stop.abort()
  }
}
