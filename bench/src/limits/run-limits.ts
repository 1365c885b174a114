import { StoreServer } from "coatcheck-reliability/servers"
import type { GroupSettings, Measured } from "../group.js"
import { besideBare, loadOf } from "../http/beside-bare.js"
import { httpTable } from "../http/http-table.js"
import { LIMITING_APPLICATIONS } from "../http/limiting-applications.js"
import { besideBaseline } from "../rounds/beside-baseline.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { MANY_KEYS, ONE_KEY, SOME_KEYS } from "./keys.js"
import { limitChart } from "./limit-chart.js"
import { type LimitFigures, limitFindings, limitTable, overviewTable, type StandFigures, TOLD_IN_FLIGHT, targetsOf, verdictsOn } from "./limit-table.js"
import { HERE, STANDS, type Stand } from "./stands.js"

/** Measures decisions about limits beside the raw command: over each client and in this process, with one key and with many, few and many in flight. */
export async function runLimits(settings: GroupSettings): Promise<Measured> {
  await using server = await StoreServer.start("redis")
  await using meter = new ServerMeter(server.url)
  const figures: StandFigures[] = []
  for (const [name, open] of Object.entries(STANDS))
    for (const keys of [ONE_KEY, settings.quick ? SOME_KEYS : MANY_KEYS]) {
      settings.signal.throwIfAborted()
      const stand = await open(server.url, keys)
      try {
        const measured = await measure(stand, meter, { ...settings, onProgress: (text) => settings.onProgress(`${name}, ${keys.name}, ${text}`) })
        if (measured.length === 0) continue
        const own = { stand: name, keys: keys.name, measured, verdicts: verdictsOn(measured, stand.cases), targets: targetsOf(stand.cases) }
        settings.onText(`### ${name}, ${keys.name}\n\n${limitTable(own)}`)
        figures.push(own)
      } finally {
        await stand.close()
      }
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

async function measure({ baseline, cases }: Stand, meter: ServerMeter, settings: GroupSettings): Promise<readonly LimitFigures[]> {
  const { rounds, quick, only, signal } = settings
  const contenders = cases.filter(({ name }) => name.includes(only))
  if (contenders.length === 0) return []
  for (const { prepare } of contenders) await prepare?.()
  const measured: LimitFigures[] = []
  for (const inFlight of quick ? [TOLD_IN_FLIGHT] : [1, TOLD_IN_FLIGHT, 512]) {
    const onProgress = (text: string) => settings.onProgress(`${inFlight} in flight: ${text}`)
    measured.push({ inFlight, rows: await besideBaseline(baseline, contenders, { rounds, inFlight, ms: quick ? 15 : 60, meter, signal, onProgress }) })
  }
  return measured
}
