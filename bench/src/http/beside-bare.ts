import type { GroupSettings } from "../group.js"
import { quantilesOf } from "../rounds/quantiles.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { spreadOf, verdictOf } from "../spread.js"
import type { Finding } from "../targets/target-table.js"
import { TARGETS, type TargetId } from "../targets/targets.js"
import type { Row } from "./http-table.js"
import { type Load, Served, type Slice } from "./Served.js"

interface Contender {
  readonly application: string
  /** Of the processor time that it adds, in microseconds a request. */
  readonly added?: TargetId
  /** Of its rate, as a share of what it stands beside. */
  readonly share?: TargetId
}

interface MeteredSlice extends Slice {
  /** Processor time of the store's server for each request, in microseconds. */
  readonly serverCpu: number
}

/** A bare framework, and what stands beside it. */
export interface Framework {
  readonly bare: string
  readonly contenders: readonly Contender[]
}

export interface LoadSettings extends GroupSettings, Load {
  /** Requests of one application in one round. */
  readonly requests: number
}

export function loadOf(settings: GroupSettings): LoadSettings {
  return { ...settings, requests: settings.quick ? 400 : 5_000, users: settings.quick ? 50 : 200, connections: 32 }
}

/** Measures applications in turns: in each round all of a framework, one after the other and every other round the other way around, so that what the machine does meets all of them. */
export async function besideBare(frameworks: readonly Framework[], url: string, settings: LoadSettings): Promise<readonly Row[]> {
  await using meter = new ServerMeter(url)
  const rows: Row[] = []
  for (const { bare, contenders: all } of frameworks) {
    const contenders = all.filter(({ application }) => application.includes(settings.only))
    if (contenders.length === 0) continue
    const names = [bare, ...contenders.map(({ application }) => application)]
    const slices = await measureInTurns(names, url, meter, settings)
    const ofBare = slices.get(bare) ?? []
    for (const contender of contenders) rows.push(compare(contender, bare, slices.get(contender.application) ?? [], ofBare))
  }
  return rows
}

async function measureInTurns(names: readonly string[], url: string, meter: ServerMeter, settings: LoadSettings): Promise<Map<string, MeteredSlice[]>> {
  const { rounds, requests, signal, onProgress } = settings
  const slices = new Map<string, MeteredSlice[]>(names.map((name) => [name, []]))
  const served: Served[] = []
  try {
    for (const name of names) served.push(await Served.start(name, url, settings))
    for (let round = 0; round <= rounds; round++) {
      for (const one of round % 2 === 0 ? served : served.toReversed()) {
        signal.throwIfAborted()
        const { result, server } = await meter.during(() => one.measure(requests))
        // The first round warms up.
        if (round > 0) slices.get(one.name)?.push({ ...result, serverCpu: server.cpu / requests })
        onProgress(`round ${round} of ${rounds}: ${one.name}`)
      }
    }
  } finally {
    await Promise.all(served.map((one) => one[Symbol.asyncDispose]()))
  }
  return slices
}

function compare(
  { application, added: addedTarget, share: shareTarget }: Contender,
  bare: string,
  own: readonly MeteredSlice[],
  ofBare: readonly MeteredSlice[],
): Row {
  const added = spreadOf(own.map((slice, round) => slice.cpu - (ofBare[round]?.cpu ?? Number.NaN)))
  const share = spreadOf(own.map((slice, round) => slice.rate / (ofBare[round]?.rate ?? Number.NaN)))
  const findings: readonly Finding[] = [
    ...(addedTarget === undefined ? [] : [{ target: addedTarget, measured: added }]),
    ...(shareTarget === undefined ? [] : [{ target: shareTarget, measured: share }]),
  ]
  const verdicts = findings.map(({ target, measured }) => `${target === addedTarget ? "µs added" : "share"} ${verdictOf(measured, TARGETS[target])}`)
  return {
    application,
    bare,
    cpu: spreadOf(own.map(({ cpu }) => cpu)),
    rate: spreadOf(own.map(({ rate }) => rate)),
    added,
    share,
    serverCpu: spreadOf(own.map(({ serverCpu }) => serverCpu)),
    latencies: quantilesOf(own.map(({ latencies }) => latencies)),
    bareLatencies: quantilesOf(ofBare.map(({ latencies }) => latencies)),
    findings,
    verdicts,
  }
}
