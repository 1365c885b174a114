import { StoreServer } from "coatcheck-reliability/servers"
import type { GroupSettings, Measured } from "../group.js"
import { besideBare, loadOf } from "../http/beside-bare.js"
import { httpTable } from "../http/http-table.js"
import { LIMITING_APPLICATIONS } from "../http/limiting-applications.js"
import { temporaryFolder } from "../processes/temporary-folder.js"
import { latencyTable } from "../rounds/latency-table.js"
import { withMoreInFlight } from "../rounds/more-in-flight.js"
import { Subject } from "../rounds/Subject.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { keysOf } from "./keys.js"
import type { LimitCase } from "./limit-case.js"
import { limitChart } from "./limit-chart.js"
import type { LimitSettings } from "./limit-settings.js"
import { limitFindings, limitTable, overviewTable, type StandFigures, TOLD_IN_FLIGHT, targetsOf, verdictsOn } from "./limit-table.js"
import { HERE, STANDS } from "./stands.js"

const MANY = { quick: 1_000, full: 10_000 }
const MS = { quick: 10, full: 60 }

/** Measures decisions about limits beside the raw command: over each client and in a process, with one key and with many, few and many in flight. */
export async function runLimits(settings: GroupSettings): Promise<Measured> {
  await using server = await StoreServer.start("redis")
  await using meter = new ServerMeter(server.url)
  await using folder = await temporaryFolder()
  const figures: StandFigures[] = []
  for (const [stand, told] of Object.entries(STANDS))
    for (const keys of [1, settings.quick ? MANY.quick : MANY.full]) {
      const { name } = keysOf(keys)
      const tell = (text: string) => settings.onProgress(`${stand}, ${name}, ${text}`)
      const own = await measureStand(told(server.url, keys, folder.path), meter, { ...settings, onProgress: tell })
      if (own === null) continue
      const inFlight = own.measured.map((one) => one.inFlight)
      settings.onText(`### ${stand}, ${name}\n\n${limitTable(own)}\n\n${latencyTable([own], inFlight)}`)
      figures.push({ stand, keys: name, ...own })
    }
  const remote = figures.filter(({ stand }) => stand !== HERE)
  if (remote.length > 0) settings.onText(`### Rates with ${TOLD_IN_FLIGHT} in flight, of INCR's\n\n${overviewTable(remote)}`)
  const rows = await besideBare(
    [{ bare: "express", contenders: Object.keys(LIMITING_APPLICATIONS).map((application) => ({ application })) }],
    server.url,
    loadOf(settings),
  )
  if (rows.length > 0) settings.onText(`### Requests\n\n${httpTable(rows)}`)
  return {
    figures: { server: `Redis ${server.version}`, stands: figures, requests: rows },
    findings: limitFindings(figures),
    charts: remote.length === 0 ? [] : [limitChart(remote)],
  }
}

/** @returns `null` when none of its rows was asked for */
async function measureStand(
  told: readonly LimitSettings[],
  meter: ServerMeter,
  { rounds, quick, only, signal, onProgress }: GroupSettings,
): Promise<Pick<StandFigures, "measured" | "verdicts" | "targets"> | null> {
  onProgress("starting a process for each library")
  await using subjects = await Subject.startAll<LimitCase>(
    told.map((one) => ({ group: "limits", settings: one })),
    signal,
  )
  const [baseline, ...others] = subjects.all.flatMap(({ rows }) => Object.values(rows))
  const cases = others.filter(({ name }) => name.includes(only))
  if (baseline === undefined || cases.length === 0) return null
  const slices = { rounds, quick, ms: quick ? MS.quick : MS.full, meter, signal, onProgress }
  const measured = await withMoreInFlight(baseline, cases, quick ? [TOLD_IN_FLIGHT] : [1, TOLD_IN_FLIGHT, 512], slices)
  return { measured, verdicts: verdictsOn(measured, cases), targets: targetsOf(cases) }
}
