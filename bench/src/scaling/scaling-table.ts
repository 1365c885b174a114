import { markdownTable, shown } from "../markdown.js"
import { LATENCY_HEAD, toldLatencies } from "../rounds/latency-table.js"
import type { Quantiles } from "../rounds/quantiles.js"
import type { Spread } from "../spread.js"
import type { ClientName } from "../targets/targets.js"
import { type Capacity, type Costs, ceilingOf, NODE, type Setup } from "./capacity.js"

/** Who reads: ours over a client, or the bare command of that client. */
export type ReaderName = `${"coatcheck" | "raw GET"}, ${ClientName}`

/** What one setup came to. */
export interface SetupFigures extends Setup {
  readonly store: string
  readonly reader: ReaderName
  /** Reads a second, of all processes. */
  readonly rate: Spread
  /** Of one process on the same store, in the same round. */
  readonly ofOne: Spread
  readonly costs: Costs
  /** Microseconds from a read to its answer, of all reads of all rounds and processes. */
  readonly latencies: Quantiles
}

/** @param calibrated costs by store and reader, as one process has them there */
export function scalingTable(all: readonly SetupFigures[], calibrated: (store: string, reader: ReaderName) => Costs): string {
  const lines = all.map((one) => {
    const { rate, bound } = ceilingOf(one, calibrated(one.store, one.reader))
    return [
      one.store,
      one.reader,
      String(one.processes),
      shown(one.rate, 0),
      shown(one.ofOne, 2),
      toldLatencies(one.latencies),
      one.costs.process.toFixed(1),
      one.costs.node.toFixed(1),
      `${rate.toFixed(0)}, by ${bound}`,
      (one.rate.median / rate).toFixed(2),
    ]
  })
  const head = [
    "store",
    "reader",
    "processes",
    "reads a second",
    "of one process",
    LATENCY_HEAD,
    "CPU µs a read",
    "CPU µs of the store",
    "model: at most",
    "measured, of the model",
  ]
  return markdownTable(head, lines)
}

/** What is stored where it was measured what a session takes. */
export interface StoredSessions {
  /** Of each session's JSON. */
  readonly jsonBytes: number
  /** In the store, with its place in the user's list. */
  readonly bytes: number
  readonly perUser: number
}

export function capacityTable(capacities: readonly Capacity[], { jsonBytes, bytes, perUser }: StoredSessions): string {
  const lines = capacities.map(({ nodes, sessions, rate, processes }) => [
    String(nodes),
    `${Number((sessions / 1_000_000).toPrecision(3))} million`,
    `${Math.round(rate / 1_000)} k`,
    String(processes),
  ])
  const [memory, used, busy] = [NODE.memoryBytes / 2 ** 30, 100 * NODE.usableMemory, 100 * NODE.usableProcessor]
  return [
    `A model, not a measurement: nodes of ${memory} GiB, of which ${used} % hold sessions, each with a processor of its own that is kept ${busy} % busy by reads; one read a request;`,
    `sessions of ${jsonBytes} bytes of JSON, ${perUser} a user, that take ${bytes.toFixed(0)} bytes each, their user's list included;`,
    "users spread evenly over the slots; costs, and what a process reaches of its ceiling, as measured above.",
    "",
    markdownTable(["primaries", "sessions", "authenticated requests a second", "processes that ask so much"], lines),
  ].join("\n")
}
