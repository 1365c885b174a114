import { StoreServer } from "coatcheck-reliability/servers"
import { judge, type Spread, spreadOf, type Target } from "../spread.js"
import { Served, type Slice } from "./Served.js"

interface Contender {
  readonly application: string
  readonly added?: Target
  readonly share?: Target
}
interface Group {
  readonly bare: string
  readonly contenders: readonly Contender[]
}

/** Which applications stand beside each other, and what is wanted of ours. */
const GROUPS: readonly Group[] = [
  {
    bare: "express",
    contenders: [
      { application: "express with coatcheck", added: { kind: "at most", value: 40 }, share: { kind: "at least", value: 0.75 } },
      { application: "express with express-session and connect-redis" },
    ],
  },
  {
    bare: "fastify",
    contenders: [
      { application: "fastify with coatcheck", added: { kind: "at most", value: 12 }, share: { kind: "at least", value: 0.7 } },
      { application: "fastify with @fastify/session and connect-redis" },
    ],
  },
  { bare: "node:http", contenders: [{ application: "node:http with coatcheck" }] },
]

export interface Settings {
  readonly rounds: number
  /** Requests of one application in one round. */
  readonly requests: number
  readonly users: number
  readonly connections: number
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
}

export interface Row {
  readonly application: string
  readonly bare: string
  /** Processor time of the process that answers, per request, in microseconds. */
  readonly cpu: Spread
  /** What it is above that of the bare framework, in the same round. */
  readonly added: Spread
  /** Requests a second, as a share of the bare framework's in the same round. */
  readonly share: Spread
  readonly verdicts: readonly string[]
}

/** Measures every application in turns: in each round all of a group, one after the other, so that what the machine does meets all of them. */
export async function runHttp(settings: Settings): Promise<readonly Row[]> {
  await using store = await StoreServer.start("redis")
  const rows: Row[] = []
  for (const { bare, contenders } of GROUPS) {
    const names = [bare, ...contenders.map(({ application }) => application)]
    const slices = await measureInTurns(names, store.url, settings)
    const ofBare = slices.get(bare) ?? []
    for (const contender of contenders) rows.push(compare(contender, bare, slices.get(contender.application) ?? [], ofBare))
  }
  return rows
}

async function measureInTurns(names: readonly string[], url: string, settings: Settings): Promise<Map<string, Slice[]>> {
  const { rounds, requests, signal, onProgress } = settings
  const slices = new Map<string, Slice[]>(names.map((name) => [name, []]))
  const served: Served[] = []
  try {
    for (const name of names) served.push(await Served.start(name, url, settings))
    for (let round = 0; round <= rounds; round++) {
      for (const one of served) {
        signal.throwIfAborted()
        const slice = await one.measure(requests)
        // The first round warms up.
        if (round > 0) slices.get(one.name)?.push(slice)
        onProgress(`round ${round} of ${rounds}: ${one.name}`)
      }
    }
  } finally {
    await Promise.all(served.map((one) => one[Symbol.asyncDispose]()))
  }
  return slices
}

function compare({ application, added: addedTarget, share: shareTarget }: Contender, bare: string, own: readonly Slice[], ofBare: readonly Slice[]): Row {
  const added = spreadOf(own.map((slice, round) => slice.cpu - (ofBare[round]?.cpu ?? Number.NaN)))
  const share = spreadOf(own.map((slice, round) => slice.rate / (ofBare[round]?.rate ?? Number.NaN)))
  const verdicts = [
    ...(addedTarget === undefined ? [] : [`added ${addedTarget.kind} ${addedTarget.value} µs: ${judge(added, addedTarget)}`]),
    ...(shareTarget === undefined ? [] : [`share ${shareTarget.kind} ${shareTarget.value}: ${judge(share, shareTarget)}`]),
  ]
  return { application, bare, cpu: spreadOf(own.map(({ cpu }) => cpu)), added, share, verdicts }
}
