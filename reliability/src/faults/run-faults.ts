import { spawnSync } from "node:child_process"
import { isWanted, type LayerReport, type LayerSettings, type Row, type Summary } from "../layer.js"
import { WITHOUT_NEAR_CACHE } from "../near/near-mode.js"
import { SERVER_KINDS, type ServerKind } from "../servers/StoreServer.js"
import { CLIENT_NAMES, type ClientName } from "../workloads/store-clients.js"
import { type FaultFinding, type FaultRow, type FaultSite, type Need, survivedOf, type Topology } from "./fault-row.js"
import { FAULT_ROWS } from "./fault-table.js"

interface Pairing {
  readonly kind: ServerKind
  readonly client: ClientName
}

const EVERY_PAIRING: readonly Pairing[] = SERVER_KINDS.flatMap((kind) => CLIENT_NAMES.map((client) => ({ kind, client })))
const PAIRWISE: readonly Pairing[] = [
  { kind: "redis", client: "node-redis" },
  { kind: "valkey", client: "ioredis" },
]
/** The first pairing does everything, the others this part of it. */
const SHARE_OF_OTHERS = 10
const SHOWN_FAILURES = 5

const MISSING: Readonly<Record<Need, () => boolean>> = {
  // Root in a container may lack the rights, and a small machine the program. Both are tried in a namespace that ends with the try.
  "root that may mount a disk": () => !succeeds("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"),
  "root that may make network links, and ip": () => !succeeds("unshare", "--net", "ip", "link", "add", "coat0", "type", "veth", "peer", "name", "coat1"),
  gcc: () => !isInstalled("gcc"),
  openssl: () => !isInstalled("openssl"),
}

/** Brings about every fault of the table, on every topology that it concerns. */
export async function runFaults(settings: LayerSettings): Promise<LayerReport> {
  const report: Row[] = []
  for (const row of FAULT_ROWS.filter((one) => runsIn(settings, one) && isWanted(`${one.number} ${one.name}`, settings))) {
    if (row.onlyInFull !== undefined && settings.scale === "quick" && settings.rows.length === 0) {
      report.push({ name: `${row.number} ${row.name}`, where: row.topologies.join(", "), verdict: "left out", figures: {}, why: [row.onlyInFull] })
      continue
    }
    for (const topology of row.topologies) {
      for (const [at, pairing] of pairingsOf(topology, settings).entries()) {
        settings.signal.throwIfAborted()
        report.push(await runRow(row, topology, pairing, { at, settings }))
      }
    }
  }
  return report
}

/** What is the same in both modes runs in one of them. */
export function runsIn({ mode, nearBriefly }: Pick<LayerSettings, "mode" | "nearBriefly">, { nearCache }: Pick<FaultRow, "nearCache">): boolean {
  if (mode === WITHOUT_NEAR_CACHE) return nearCache !== "own"
  return nearCache === "own" || (nearCache === undefined && !nearBriefly)
}

function pairingsOf(topology: Topology, { scale }: LayerSettings): readonly Pairing[] {
  const all = topology === "embedded" ? PAIRWISE.slice(0, 1) : topology === "one server" ? EVERY_PAIRING : PAIRWISE
  return scale === "full" ? all : all.slice(0, 1)
}

async function runRow(
  row: FaultRow,
  topology: Topology,
  pairing: Pairing,
  { at, settings }: { readonly at: number; readonly settings: LayerSettings },
): Promise<Row> {
  const name = `${row.number} ${row.name}`
  const where = (version: string): string =>
    topology === "embedded" ? version : `${pairing.kind} ${version}, ${topology}, ${pairing.client}`.replace("  ", " ")
  const missing = (row.needs ?? []).filter((need) => MISSING[need]())
  if (missing.length > 0) return { name, where: where(""), verdict: "not run", figures: {}, why: [missing.join(", ")] }
  const note = (text: string): void => settings.onProgress(`fault ${name}, ${where("")}${text === "" ? "" : `: ${text}`}`)
  note("")
  const times = (full: number, quick: number): number => (settings.scale === "quick" ? quick : at === 0 ? full : Math.ceil(full / SHARE_OF_OTHERS))
  const site: FaultSite = { topology, ...pairing, seed: settings.seed + row.number * 7_919 + at, scale: settings.scale, signal: settings.signal, times, note }
  try {
    return judgeRow(name, { where, topology }, await row.run(site))
  } catch (error) {
    settings.signal.throwIfAborted()
    const why = error instanceof Error ? error.message : "failed without saying why"
    return { name, where: where(""), verdict: "failed", figures: {}, summary: countedBy(topology, 1, 0), why: [why] }
  }
}

interface Site {
  readonly topology: Topology
  where(version: string): string
}

function judgeRow(name: string, { where, topology }: Site, finding: FaultFinding): Row {
  const { version, tried, figures, summary, why } = finding
  const survived = survivedOf(finding)
  const failures = tried === 0 ? ["Expected the fault to be tried, got no try"] : why
  return {
    name,
    where: where(version),
    verdict: failures.length === 0 && survived === tried ? "passed" : "failed",
    figures: { tried, survived, ...figures },
    summary: { ...countedBy(topology, tried, survived), ...summary },
    why: failures.slice(0, SHOWN_FAILURES),
  }
}

function countedBy(topology: Topology, tried: number, survived: number): Summary {
  return { "faults tried": tried, "faults survived": survived, [`  tried, ${topology}`]: tried, [`  survived, ${topology}`]: survived }
}

function succeeds(program: string, ...args: readonly string[]): boolean {
  return process.getuid?.() === 0 && spawnSync(program, args, { stdio: "ignore" }).status === 0
}

function isInstalled(program: string): boolean {
  return spawnSync(program, [program === "openssl" ? "version" : "--version"], { stdio: "ignore" }).error === undefined
}
