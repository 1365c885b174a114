import type { Entry } from "../simulation/store/Keyspace.js"
import { type ReplyError, StoreEngine } from "../simulation/store/StoreEngine.js"
import type { ScriptFunction } from "../simulation/store/script.js"
import { type Contents, contentsOfEntry, entryOfContents, sameContents, writing } from "./contents.js"
import { type Call, isPlanted, type Operation, type Planted } from "./operation.js"
import { isRefusal, type RawReply } from "./RawConnection.js"
import type { RealStore } from "./RealStore.js"
import type { RealScript } from "./real-scripts.js"

export interface Compared {
  /** The server's. */
  readonly reply: RawReply
  /** How the other one differs; empty when it does not. */
  readonly differences: readonly string[]
  /** They differ, and a key was in the very millisecond of its end, when a server may have removed it already or not. */
  readonly undecided: boolean
}

/** The real store and the one of the simulation, which are given the same commands at the same instants. */
export class StorePair {
  /** The simulated one. */
  readonly engine: StoreEngine
  readonly #real: RealStore
  readonly #scripts: ReadonlyMap<string, RealScript>

  constructor(real: RealStore, scripts: ReadonlyMap<string, RealScript>, functions?: Readonly<Record<string, ScriptFunction>>) {
    this.engine = new StoreEngine(functions)
    this.#real = real
    this.#scripts = scripts
  }

  async plant(planted: readonly Planted[]): Promise<void> {
    await this.#real.prepare(planted.flatMap(({ key, contents }) => writing(key, contents)))
    const { nowMicros } = await this.#real.allKeys()
    this.engine.keys.nowMicros = nowMicros
    for (const { key, contents } of planted) this.engine.keys.restore(key, entryOfContents(contents))
  }

  /** Carries out one operation on both, and compares the replies and what then lies under its keys and the others. Afterwards both hold the same. */
  async carryOut(operation: Operation, others: readonly string[]): Promise<Compared> {
    if (isPlanted(operation)) {
      await this.plant([operation])
      return this.#compare({ name: "get", keys: [], args: [] }, [operation.key, ...others])
    }
    return this.#compare(operation, [...operation.keys, ...others])
  }

  /** Whether both hold the same keys, whatever their names. Empties the real store. */
  async finish(): Promise<readonly string[]> {
    const { keys, nowMicros } = await this.#real.allKeys()
    this.engine.keys.nowMicros = nowMicros
    const simulated = [...this.engine.keys.entries.keys()].filter((key) => this.engine.keys.exists(key))
    const looked = await this.#look([...new Set([...keys, ...simulated])])
    await this.#real.prepare([["FLUSHALL"]])
    return looked
  }

  async #compare(call: Call, looked: readonly string[]): Promise<Compared> {
    const keys = [...new Set(looked)]
    const before = new Map(keys.map((key) => [key, this.engine.keys.entries.get(key)]))
    const source = this.#scripts.get(call.name)
    const command = source === undefined ? [call.name, ...call.keys] : ["EVALSHA", source.sha1, String(call.keys.length), ...call.keys, ...call.args]
    const isNothing = call.keys.length === 0
    const { nowMicros, reply, contents } = await this.#real.carryOut(isNothing ? ["PING"] : command, keys)
    const simulated = isNothing ? "PONG" : this.#simulate(call, source, nowMicros)
    this.engine.keys.nowMicros = nowMicros
    const settled = this.#settle(contents)
    const differences = [...replyDifference(reply, simulated), ...settled]
    if (differences.length === 0) return { reply, differences, undecided: false }
    if (isOneDying(before, nowMicros)) return { reply, differences: [], undecided: true }
    const told = [...new Set(call.keys)].map((key) => `${show(key)} was ${show(contentsOfEntry(before.get(key)))}`)
    return { reply, differences: [`${call.name} ${show(call.keys)} ${show(call.args)} at ${nowMicros}`, ...differences, ...told], undecided: false }
  }

  async #look(keys: readonly string[]): Promise<readonly string[]> {
    const before = new Map(keys.map((key) => [key, this.engine.keys.entries.get(key)]))
    const { nowMicros, contents } = await this.#real.carryOut(["PING"], keys)
    this.engine.keys.nowMicros = nowMicros
    const settled = this.#settle(contents)
    return isOneDying(before, nowMicros) ? [] : settled
  }

  /** Gives the simulated store what the real one holds, and says where that was needed. */
  #settle(contents: ReadonlyMap<string, Contents>): readonly string[] {
    const differences: string[] = []
    for (const [key, real] of contents) {
      const simulated = contentsOfEntry(this.engine.keys.find(key))
      if (sameContents(real, simulated)) continue
      differences.push(`under ${show(key)}: really ${show(real)}, simulated ${show(simulated)}`)
      this.engine.keys.restore(key, entryOfContents(real))
    }
    return differences
  }

  #simulate({ name, keys, args }: Call, script: RealScript | undefined, nowMicros: number): RawReply {
    const command = script === undefined ? [name, ...keys] : ["eval", script.source, String(keys.length), ...keys, ...args]
    try {
      return this.engine.execute(command, nowMicros).reply as RawReply
    } catch (error) {
      this.engine.keys.takeChanges()
      if (error instanceof Error && error.name === ("ErrorReply" satisfies ReplyError["name"])) return { refusal: error.message }
      return { refusal: `no reply, but ${String(error)}` }
    }
  }
}

function isOneDying(entries: ReadonlyMap<string, Entry | undefined>, nowMicros: number): boolean {
  return [...entries.values()].some((entry) => entry?.expiresAt === Math.floor(nowMicros / 1_000))
}

function replyDifference(real: RawReply, simulated: RawReply): readonly string[] {
  // Of an error reply only the first word is for programs.
  const comparable = (reply: RawReply): string => JSON.stringify(isRefusal(reply) ? { refusal: reply.refusal.split(" ")[0] } : reply)
  return comparable(real) === comparable(simulated) ? [] : [`reply: really ${show(real)}, simulated ${show(simulated)}`]
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 900 ? `${text.slice(0, 900)}…` : text
}
