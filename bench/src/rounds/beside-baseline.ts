import type { ServerMeter } from "../server/ServerMeter.js"
import { addWork, NO_WORK, type ServerWork } from "../server/server-info.js"
import { type Spread, spreadOf } from "../spread.js"
import { type Quantiles, quantileOf, quantilesOf } from "./quantiles.js"
import type { Slice, Sliced, SliceSettings } from "./slice.js"

export interface Contender extends Sliced {
  readonly name: string
}

export interface RoundSettings extends SliceSettings {
  readonly rounds: number
  /** Slices of each that are not counted, before the first round: code that runs for the first time is not compiled yet. */
  readonly warmUps: { readonly slices: number; readonly inFlight: number }
  readonly meter: ServerMeter
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
}

/** One contender beside the baseline. Processor time is in microseconds a call. */
export interface Compared {
  readonly name: string
  /** Calls a second. */
  readonly rate: Spread
  /** Its rate, as a share of that of the baseline just before and after. */
  readonly share: Spread
  /** Its middle latency, as a multiple of that of the baseline just before and after. */
  readonly latency: Spread
  /** Microseconds from a call to its answer, of all calls of all rounds. */
  readonly latencies: Quantiles
  readonly cpu: Spread
  readonly serverCpu: Spread
  /** Both as a share of what the baseline took just before and after. */
  readonly cpuShare: Spread
  readonly serverCpuShare: Spread
  /** Commands of the server for each call, those of scripts too. */
  readonly commands: Readonly<Record<string, number>>
  /** How often the server read what clients had sent, for each call: with one in flight, the round trips. */
  readonly trips: number
}

interface Measured extends Slice {
  readonly server: ServerWork
}
interface Pair {
  readonly own: Measured
  readonly before: Measured
  readonly after: Measured
}

/** What is told of a row beside its baseline: with one in flight how long a call takes, otherwise how many there are in a second. */
export function relationOf(row: Compared, inFlight: number): Spread {
  return inFlight === 1 ? row.latency : row.share
}

/**
 * Measures each contender between two slices of the baseline, every other round in the opposite order. What the machine does meanwhile meets both, so shares are
 * steadier than rates. Before the first round each warms up.
 *
 * @returns the baseline, then the contenders
 */
export async function besideBaseline(baseline: Contender, contenders: readonly Contender[], settings: RoundSettings): Promise<readonly Compared[]> {
  const { rounds, warmUps, meter, signal, onProgress } = settings
  const measure = async (one: Contender, inFlight = settings.inFlight): Promise<Measured> => {
    signal.throwIfAborted()
    try {
      await one.refill()
      const { result, server } = await meter.during(() => one.slice({ ...settings, inFlight }))
      return { ...result, server }
    } catch (error) {
      throw new Error(`${one.name}: ${error instanceof Error ? error.message : "failed"}`, { cause: error })
    }
  }
  for (const one of [baseline, ...contenders]) {
    onProgress(`warming up ${one.name}`)
    for (let at = 0; at < warmUps.slices; at++) await measure(one, warmUps.inFlight)
  }
  const ofBase: Measured[] = []
  const running = contenders.map((one) => ({ one, pairs: [] as Pair[] }))
  for (let round = 1; round <= rounds; round++) {
    onProgress(`round ${round} of ${rounds}`)
    let before = await measure(baseline)
    ofBase.push(before)
    for (const { one, pairs } of round % 2 === 0 ? running : running.toReversed()) {
      const own = await measure(one)
      const after = await measure(baseline)
      pairs.push({ own, before, after })
      ofBase.push(after)
      before = after
    }
  }
  const alone = ofBase.map((own) => ({ own, before: own, after: own }))
  return [compared(baseline.name, alone), ...running.map(({ one, pairs }) => compared(one.name, pairs))]
}

function compared(name: string, pairs: readonly Pair[]): Compared {
  const own = pairs.map((pair) => pair.own)
  const toBase = (value: (slice: Measured) => number): Spread => spreadOf(pairs.map((pair) => value(pair.own) / ((value(pair.before) + value(pair.after)) / 2)))
  return {
    name,
    rate: spreadOf(own.map(({ rate }) => rate)),
    share: toBase(({ rate }) => rate),
    latency: toBase(({ latencies }) => quantileOf(latencies, 0.5)),
    latencies: quantilesOf(own.map(({ latencies }) => latencies)),
    cpu: spreadOf(own.map(({ cpu }) => cpu)),
    serverCpu: spreadOf(own.map(serverCpuOf)),
    cpuShare: toBase(({ cpu }) => cpu),
    serverCpuShare: toBase(serverCpuOf),
    ...perCall(own),
  }
}

function perCall(slices: readonly Measured[]): Pick<Compared, "commands" | "trips"> {
  const { calls, reads } = slices.reduce((sum, { server }) => addWork(sum, server), NO_WORK)
  const count = slices.reduce((sum, slice) => sum + slice.count, 0)
  return { commands: Object.fromEntries(Object.entries(calls).map(([name, all]) => [name, all / count])), trips: reads / count }
}

function serverCpuOf({ server, count }: Measured): number {
  return server.cpu / count
}
