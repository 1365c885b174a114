import { StoreServer } from "coatcheck-reliability/servers"
import type { GroupReport, GroupSettings } from "../group.js"
import { spreadOf, type Target, verdictOf } from "../spread.js"
import { httpTable, type Row } from "./http-table.js"
import { Served, type Slice } from "./Served.js"

interface Contender {
  readonly application: string
  readonly added?: Target
  readonly share?: Target
}
interface Framework {
  readonly bare: string
  readonly contenders: readonly Contender[]
}

/** Which applications stand beside each other, and what is wanted of ours. */
const FRAMEWORKS: readonly Framework[] = [
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

interface Settings extends GroupSettings {
  /** Requests of one application in one round. */
  readonly requests: number
  readonly users: number
  readonly connections: number
}

/** Measures every application in turns: in each round all of a framework, one after the other, so that what the machine does meets all of them. */
export async function runHttp(given: GroupSettings): Promise<GroupReport> {
  await using store = await StoreServer.start("redis")
  const settings: Settings = { ...given, requests: given.quick ? 1_500 : 5_000, users: 200, connections: 32 }
  const { requests, users, connections } = settings
  const rows: Row[] = []
  for (const { bare, contenders: all } of FRAMEWORKS) {
    const contenders = all.filter(({ application }) => application.includes(given.only))
    if (contenders.length === 0) continue
    const names = [bare, ...contenders.map(({ application }) => application)]
    const slices = await measureInTurns(names, store.url, settings)
    const ofBare = slices.get(bare) ?? []
    for (const contender of contenders) rows.push(compare(contender, bare, slices.get(contender.application) ?? [], ofBare))
  }
  const text = `Rounds of ${requests} requests over ${connections} connections, ${users} users signed in, Redis ${store.version}.\n\n${httpTable(rows)}`
  return { text, figures: { server: `Redis ${store.version}`, requests, users, connections, rows } }
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
    ...(addedTarget === undefined ? [] : [`µs added ${verdictOf(added, addedTarget)}`]),
    ...(shareTarget === undefined ? [] : [`share ${verdictOf(share, shareTarget)}`]),
  ]
  return { application, bare, cpu: spreadOf(own.map(({ cpu }) => cpu)), added, share, verdicts }
}
