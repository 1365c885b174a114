import { availableParallelism } from "node:os"
import { Cluster } from "coatcheck-reliability/cluster"
import { StoreServer } from "coatcheck-reliability/servers"
import { ratioChart } from "../charts/ratio-chart.js"
import type { GroupSettings, Measured } from "../group.js"
import { quantilesOf } from "../rounds/quantiles.js"
import type { Sliced } from "../rounds/slice.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { usedMemoryOf } from "../server/settled-memory.js"
import { CLIENTS, startAll } from "../sessions/boards.js"
import { PAYLOAD_BYTES, PER_USER } from "../sessions/payload.js"
import type { SessionSettings } from "../sessions/session-settings.js"
import { exactly, spreadOf } from "../spread.js"
import type { ClientName } from "../targets/targets.js"
import { type Costs, capacityOf, ceilingOf } from "./capacity.js"
import { capacityTable, type ReaderName, type SetupFigures, scalingTable } from "./scaling-table.js"

const IN_FLIGHT = 64
const MS = { quick: 60, full: 500 }
const PROCESSES = [1, 2]
/** In the order in which a place starts them. */
const READERS: readonly ReaderName[] = CLIENTS.flatMap((client) => [`coatcheck, ${client}`, `raw GET, ${client}`] as const)
/** Whose costs the capacity of more nodes is worked out by. */
const MODELLED: ReaderName = "coatcheck, node-redis"
const NODES = [1, 3, 6, 12, 24, 100]

interface Place {
  readonly store: string
  readonly nodes: number
  /** Processes that read sessions, and others that read bare values: what the machine gives a second one of those bounds what it can give ours. */
  readers(name: ReaderName): readonly Sliced[]
  readonly meter: ServerMeter
  readonly sessionBytes: number
}

interface Slice {
  readonly rate: number
  readonly costs: Costs
  /** Of each process. */
  readonly latencies: readonly Float64Array[]
}

/** Measures one process and two on one Redis and on a cluster, holds a model of what processor time allows against that, and says what it makes of more nodes. */
export async function runScaling(settings: GroupSettings): Promise<Measured> {
  const sessions = settings.quick ? 2_000 : 20_000
  await using server = await StoreServer.start("redis")
  await using cluster = await Cluster.start("redis")
  settings.onProgress("storing sessions")
  await using alone = await placeOf("one Redis", server.url, [server.url], sessions, settings.signal)
  await using spread = await placeOf(
    "cluster of 3",
    cluster.url,
    cluster.nodes.map(({ url }) => url),
    sessions,
    settings.signal,
  )
  const figures = await measure([alone, spread], settings)
  const calibrated = (store: string, reader = MODELLED): Costs =>
    figures.find((one) => one.store === store && one.reader === reader && one.processes === 1)?.costs ?? { process: Number.NaN, node: Number.NaN }
  settings.onText(`${IN_FLIGHT} reads in flight for each process.\n\n${scalingTable(figures, calibrated)}`)
  const ours = figures.filter(({ reader }) => reader === MODELLED)
  const efficiency = Math.min(1, ...ours.map((one) => one.rate.median / ceilingOf(one, calibrated(one.store)).rate))
  const capacities = NODES.map((nodes) =>
    capacityOf(nodes, { costs: calibrated(nodes === 1 ? alone.store : spread.store), sessionBytes: alone.sessionBytes, efficiency }),
  )
  // The users of each process are the same.
  settings.onText(capacityTable(capacities, { jsonBytes: PAYLOAD_BYTES, bytes: alone.sessionBytes, perUser: Math.max(...PROCESSES) * PER_USER }))
  const title = "Reads of two processes beside those of one"
  const groups = [alone, spread].map(({ store }) => ({
    title: store,
    bars: figures
      .filter((one) => one.store === store && one.processes > 1)
      .flatMap((one) => [
        { name: `${one.reader}, ${one.processes} processes, measured`, ratio: one.ofOne, isOurs: one.reader.startsWith("coatcheck") },
        {
          name: `model of ${one.reader}, by processor time alone`,
          ratio: exactly(ceilingOf(one, calibrated(store, one.reader)).rate / ceilingOf({ ...one, processes: 1 }, calibrated(store, one.reader)).rate),
          isOurs: false,
        },
      ]),
  }))
  return {
    figures: { server: `Redis ${server.version}`, sessionBytes: alone.sessionBytes, setups: figures, efficiency, capacities },
    charts: [
      {
        name: "scaling",
        title,
        svg: ratioChart({ title, subtitle: "Reads a second, as a multiple of one process on the same store; more is better", groups }),
      },
    ],
  }
}

async function placeOf(store: string, url: string, nodes: readonly string[], count: number, signal: AbortSignal): Promise<Place & AsyncDisposable> {
  const before = await usedMemoryOf(nodes)
  const processes = Math.max(...PROCESSES)
  const start = async (library: "coatcheck at an address" | "raw at an address", client: ClientName) => {
    const reader: SessionSettings = { library, client, url, names: [], count, bytes: PAYLOAD_BYTES, ms: MS.full }
    const subjects = await startAll(new Array<SessionSettings>(processes).fill(reader), signal)
    const readers = subjects.rows.flatMap(({ read }) => read ?? [])
    await Promise.all(readers.map((one) => one.refill()))
    return { subjects, readers }
  }
  const started = new Map<ReaderName, Awaited<ReturnType<typeof start>>>()
  let sessionBytes = Number.NaN
  for (const client of CLIENTS) {
    started.set(`coatcheck, ${client}`, await start("coatcheck at an address", client))
    // Of the first ones, before there is anything else.
    if (started.size === 1) sessionBytes = ((await usedMemoryOf(nodes)) - before) / (processes * count)
    started.set(`raw GET, ${client}`, await start("raw at an address", client))
  }
  const meter = new ServerMeter(...nodes)
  const end = async (): Promise<void> => {
    for (const part of [...[...started.values()].map(({ subjects }) => subjects), meter]) await part[Symbol.asyncDispose]()
  }
  return { store, nodes: nodes.length, readers: (name) => started.get(name)?.readers ?? [], meter, sessionBytes, [Symbol.asyncDispose]: end }
}

async function measure(places: readonly Place[], { rounds, quick, signal, onProgress }: GroupSettings): Promise<readonly SetupFigures[]> {
  const setups = places.flatMap((place) => READERS.flatMap((reader) => PROCESSES.map((processes) => ({ place, reader, processes, slices: [] as Slice[] }))))
  for (let round = 0; round <= rounds; round++) {
    onProgress(`round ${round} of ${rounds}`)
    for (const { place, reader, processes, slices } of round % 2 === 0 ? setups : setups.toReversed()) {
      signal.throwIfAborted()
      const slice = await sliceOf(place, reader, processes, quick ? MS.quick : MS.full)
      // The first round warms up.
      if (round > 0) slices.push(slice)
    }
  }
  const cores = availableParallelism()
  return setups.map(({ place, reader, processes, slices }) => {
    const one = setups.find((setup) => setup.place === place && setup.reader === reader && setup.processes === 1)?.slices ?? []
    const rates = slices.map(({ rate }) => rate)
    return {
      store: place.store,
      reader,
      nodes: place.nodes,
      processes,
      cores,
      rate: spreadOf(rates),
      ofOne: spreadOf(rates.map((rate, round) => rate / (one[round]?.rate ?? Number.NaN))),
      costs: {
        process: spreadOf(slices.map(({ costs }) => costs.process)).median,
        node: spreadOf(slices.map(({ costs }) => costs.node)).median,
      },
      latencies: quantilesOf(slices.flatMap(({ latencies }) => latencies)),
    }
  })
}

async function sliceOf({ readers, meter }: Place, reader: ReaderName, processes: number, ms: number): Promise<Slice> {
  const { result, server } = await meter.during(() =>
    Promise.all(
      readers(reader)
        .slice(0, processes)
        .map((one) => one.slice({ inFlight: IN_FLIGHT, ms })),
    ),
  )
  const count = result.reduce((sum, one) => sum + one.count, 0)
  const cpu = result.reduce((sum, one) => sum + one.cpu * one.count, 0)
  return {
    rate: result.reduce((sum, one) => sum + one.rate, 0),
    costs: { process: cpu / count, node: server.cpu / count },
    latencies: result.map(({ latencies }) => latencies),
  }
}
