import { isWanted, type LayerReport, type LayerSettings, type Row, type Scale } from "../layer.js"
import { SERVER_KINDS, type ServerKind, StoreServer } from "../servers/StoreServer.js"
import type { Keyspace } from "../simulation/store/Keyspace.js"
import { SCRIPTS } from "../simulation/store/StoreEngine.js"
import type { ScriptFunction } from "../simulation/store/script.js"
import { type Random, randomFrom } from "../workloads/random.js"
import { CrowdedList } from "./CrowdedList.js"
import { isPlanted, type World } from "./operation.js"
import { expectedOutcomes, outcomesOf } from "./outcomes.js"
import { RealStore } from "./RealStore.js"
import { type RealScript, realScripts } from "./real-scripts.js"
import { SmallRecords } from "./SmallRecords.js"
import { SmallWorld } from "./SmallWorld.js"
import { StorePair } from "./StorePair.js"

const ROW = "simulated scripts"
const OPERATIONS: Readonly<Record<Scale, number>> = { full: 100_000, quick: 5_000 }
const WORLDS_A_ROUND = 6
/** A rare outcome that was not met yet is waited for, up to so many times the operations. */
const LONGEST = 20
const SHOWN = 3
const MOST_UNDECIDED = 0.02
/** Asks for rights, and is sent by `doctor` alone, which the simulation does not call. */
const NOT_SIMULATED: readonly string[] = ["permissions"]

export interface DifferentialSettings extends Pick<LayerSettings, "seed" | "scale" | "rows" | "signal" | "onProgress"> {
  /** Scripts to put in the simulated ones' place, to see that a difference is found. */
  readonly functions?: Readonly<Record<string, ScriptFunction>>
  /** How many; the scale's own number otherwise. */
  readonly least?: number | undefined
}

interface Found {
  operations: number
  differences: number
  undecided: number
  readonly shown: string[]
  readonly calls: Map<string, number>
  readonly outcomes: Map<string, number>
}

/** The same random operations on the scripts of the simulation and on the real ones, in Redis and in Valkey. One row a server. */
export async function runDifferential(settings: DifferentialSettings): Promise<LayerReport> {
  const rows: Row[] = []
  for (const kind of SERVER_KINDS) if (isWanted(`${kind}, ${ROW}`, settings)) rows.push(await compareOn(kind, settings))
  return rows
}

async function compareOn(kind: ServerKind, settings: DifferentialSettings): Promise<Row> {
  const scripts = await realScripts()
  await using server = await StoreServer.start(kind)
  const real = await RealStore.open(
    server,
    [...scripts.values()].map(({ source }) => source),
  )
  try {
    return rowOf(server, scripts, await compareAll(real, scripts, `${kind}, ${ROW}`, settings))
  } finally {
    real.close()
  }
}

async function compareAll(
  real: RealStore,
  scripts: ReadonlyMap<string, RealScript>,
  name: string,
  { seed, scale, functions, least = OPERATIONS[scale], signal, onProgress }: DifferentialSettings,
): Promise<Found> {
  const random = randomFrom(seed)
  const found: Found = { operations: 0, differences: 0, undecided: 0, shown: [], calls: new Map(), outcomes: new Map() }
  const isMissing = (): boolean => found.operations < least * LONGEST && unseen(scripts, found).length > 0
  for (let worlds = 0; found.operations < least || isMissing(); worlds++) {
    signal.throwIfAborted()
    onProgress(`${name}: ${found.operations} of ${least} operations, ${found.differences} differences`)
    const pair = new StorePair(real, scripts, functions)
    const { nowMicros } = await real.allKeys()
    pair.engine.keys.nowMicros = nowMicros
    const world = worldOf(worlds % WORLDS_A_ROUND, random, pair.engine.keys, nowMicros)
    await compareWorld(pair, world, scripts, found)
  }
  return found
}

function worldOf(turn: number, random: Random, store: Keyspace, nowMicros: number): World {
  if (turn === 1) return new CrowdedList(random, store, nowMicros)
  return turn === 3 ? new SmallRecords(random, store) : new SmallWorld(random, store)
}

async function compareWorld(pair: StorePair, world: World, scripts: ReadonlyMap<string, RealScript>, found: Found): Promise<void> {
  await pair.plant(world.planted)
  for (let made = 0; made < world.length; made++) {
    const operation = world.next()
    const { reply, differences, undecided } = await pair.carryOut(operation, world.keys)
    world.answered?.(reply)
    note(found, differences)
    if (isPlanted(operation)) continue
    if (undecided) {
      found.undecided += 1
      continue
    }
    found.operations += 1
    found.calls.set(operation.name, (found.calls.get(operation.name) ?? 0) + 1)
    const script = scripts.get(operation.name)
    if (script !== undefined) for (const outcome of outcomesOf(script, reply)) found.outcomes.set(outcome, (found.outcomes.get(outcome) ?? 0) + 1)
  }
  note(found, await pair.finish())
}

function note(found: Found, differences: readonly string[]): void {
  if (differences.length === 0) return
  found.differences += 1
  if (found.differences <= SHOWN) found.shown.push(...differences)
}

function expected(scripts: ReadonlyMap<string, RealScript>): readonly string[] {
  return [...scripts.values()].filter(({ name }) => !NOT_SIMULATED.includes(name)).flatMap(expectedOutcomes)
}

function unseen(scripts: ReadonlyMap<string, RealScript>, { outcomes }: Pick<Found, "outcomes">): readonly string[] {
  return expected(scripts).filter((outcome) => !outcomes.has(outcome))
}

function rowOf(
  { kind, version }: StoreServer,
  scripts: ReadonlyMap<string, RealScript>,
  { operations, differences, undecided, shown, calls, outcomes }: Found,
): Row {
  const all = expected(scripts).length
  const missing = unseen(scripts, { outcomes })
  const strangers = [...scripts.keys()].filter((name) => SCRIPTS[name] === undefined && !NOT_SIMULATED.includes(name))
  const why = [
    ...shown,
    ...(differences > SHOWN ? [`… and ${differences - SHOWN} differences more`] : []),
    ...(undecided > operations * MOST_UNDECIDED ? [`expected nearly every operation to be compared, got ${undecided} that were not`] : []),
    ...strangers.map((name) => `expected ${name} among the scripts of the simulation, found none`),
    ...missing.map((outcome) => `expected the outcome ${outcome} among ${operations} operations, got none`),
  ]
  return {
    name: ROW,
    where: `${kind} ${version}, one server`,
    verdict: why.length === 0 ? "passed" : "failed",
    figures: {
      "operations compared": operations,
      differences,
      "not comparable, a key just ending": undecided,
      "outcomes seen": `${all - missing.length} of ${all}`,
      "creations together that were told of more": outcomes.get("session-creates MORE") ?? 0,
      ...Object.fromEntries([...calls].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    summary: { "simulated scripts: operations compared with the real ones": operations, "  differences": differences },
    why,
    replayAs: `${kind}, ${ROW}`,
  }
}
