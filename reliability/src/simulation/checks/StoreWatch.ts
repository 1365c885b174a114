import type { SeedOptions } from "../seed-options.js"
import type { Change, Entry } from "../store/Keyspace.js"
import { type Head, readHead } from "../store/record-head.js"
import type { Execution, StoreEngine } from "../store/StoreEngine.js"
import type { VirtualTime } from "../world/VirtualTime.js"
import type { CallWatch } from "./CallWatch.js"
import type { Findings } from "./Findings.js"
import { singly } from "./singly.js"

const MISSING = 1
const SESSION = /^session:\{([A-Za-z0-9_-]{3})\}\.([A-Za-z0-9_-]{22})$/
const LIST = /^user_sessions:\{([A-Za-z0-9_-]{3})\}:[A-Za-z0-9_-]{22}$/
const REPLAYED: Readonly<Record<string, number>> = { "session-create": 1, "session-update": 5, "session-rotate": 5 }
const LATE: Readonly<Record<string, number>> = { "session-create": 3, "session-update": 6, "session-extend": 4, "session-rotate": 8 }
const FULL = 4
/** Microseconds by which a server may be ahead of what an application knows of its clock, and a bucket of deadlines. */
const CLOCK_ERROR = 60_000

/** Looks at every command as the server carries it out: what it may create, change and remove, and until when. */
export class StoreWatch {
  readonly #engine: StoreEngine
  readonly #time: VirtualTime
  readonly #calls: CallWatch
  readonly #findings: Findings
  readonly #options: SeedOptions
  /** The highest score that a sign-out everywhere of a process may reach in a list. */
  readonly #cutoffs = new Map<string, number>()
  readonly #sent = new Set<string>()
  /** What each process ended before; it may do so again after data was lost. */
  readonly #ended = new Set<string>()
  /** Lists that lost members without any command. */
  readonly holes = new Set<string>()

  constructor(parts: { engine: StoreEngine; time: VirtualTime; calls: CallWatch; findings: Findings; options: SeedOptions }) {
    this.#engine = parts.engine
    this.#time = parts.time
    this.#calls = parts.calls
    this.#findings = parts.findings
    this.#options = parts.options
  }

  executed(execution: Execution, node: number): void {
    for (const one of singly(execution)) this.#executed(one, node)
  }

  #executed(execution: Execution, node: number): void {
    this.#count(execution)
    if (execution.name === "index-cutoff") this.#noteCutoff(execution, node)
    for (const change of execution.changes) this.#judgeChange(execution, change, node)
    for (const { key, after } of execution.changes) if (after === undefined) this.#ended.add(`${node} ${key}`)
    // A sign-out by secret that finds nothing may be a second copy, and is remembered like one that ended the session.
    if (execution.name === "session-delete" && execution.args[0] === "" && isMissing(execution)) this.#ended.add(`${node} ${execution.keys[0]}`)
    if (execution.name === "session-create") this.#judgeLimit(execution)
    if (execution.name === "get" && typeof execution.reply === "string") this.#judgeDeadlines(execution.keys[0] ?? "")
  }

  #count({ name, keys: [key = ""], args, reply, changes }: Execution): void {
    const status = Array.isArray(reply) ? reply[0] : undefined
    const see = (what: string): void => this.#findings.see(what)
    if (REPLAYED[name] !== undefined && REPLAYED[name] === status) see("replayed steps")
    if (LATE[name] !== undefined && LATE[name] === status) see("late copies refused")
    if (name === "session-create" && status === 0 && Array.isArray(reply) && reply.length > 3) see("limit evictions")
    if (name === "session-touches" && changes.some(({ key }) => LIST.test(key))) see("lists healed")
    const isFirstPage = name === "session-create" && args[4] === ""
    const id = isFirstPage ? key : name === "session-update" ? args[1] : undefined
    if (id === undefined) return
    if (this.#sent.has(id)) see("lost replies repeated")
    this.#sent.add(id)
  }

  #noteCutoff({ keys: [index = ""] }: Execution, node: number): void {
    const { keys } = this.#engine
    const at = Math.max(keys.nowMicros, keys.members(index).all.at(-1)?.score ?? 0)
    const name = `${node} ${index}`
    this.#cutoffs.set(name, Math.max(at, this.#cutoffs.get(name) ?? 0))
  }

  #judgeChange(execution: Execution, change: Change, node: number): void {
    const { key, after } = change
    if (after !== undefined && after.expiresAt === undefined) this.#findings.report("I21", `${execution.name} left ${kindOf(key)} without a time to live`)
    if (!SESSION.test(key)) {
      if (!LIST.test(key)) this.#findings.report("I20", `${execution.name} wrote a key of another form`)
      return
    }
    const before = this.#alive(change.before)
    if (after === undefined) {
      if ((execution.name === "unlink" || execution.name === "index-end") && before !== undefined) this.#judgeUnlink(key, before, node)
      return
    }
    if (before === undefined && execution.name !== "session-create")
      this.#findings.report("I3", `${execution.name} brought a session into being, which only a creation may do`)
    this.#judgeRecord(execution, before, after)
    if (execution.name === "session-create" || execution.name === "session-update") this.#judgeTime(execution)
  }

  #judgeRecord({ name, args }: Execution, before: Entry | undefined, after: Entry): void {
    if (after.type !== "string") return
    const head = headOf(after.value)
    if (head === undefined) {
      this.#findings.report("I5", `${name} wrote a record that cannot be read`)
      return
    }
    if (after.expiresAt !== undefined && after.expiresAt >= head.absolute)
      this.#findings.report("I12", `${name} lets a session live beyond its absolute deadline`)
    const old = before?.type === "string" ? headOf(before.value) : undefined
    if (old === undefined || before?.type !== "string") return
    if (head.absolute !== old.absolute || head.created !== old.created) this.#findings.report("I12", `${name} moved a time that is fixed at creation`)
    const raises = name === "session-update" || (name === "session-rotate" && args[3] !== "") ? 1 : 0
    if (head.version !== old.version + raises) this.#findings.report("I2", `${name} made version ${head.version} of version ${old.version}`)
    if (name !== "session-touches" && name !== "session-accesses") return
    const [was, is] = [before.value, after.value].map((text) => text.slice(0, 18) + text.slice(31))
    if (was !== is) this.#findings.report("I3", `${name} changed more than the time of access`)
    const clockIsSteady = !["server-clock", "failover", "power-cut"].some((fault) => this.#options.faults.has(fault as never))
    if (clockIsSteady && (after.expiresAt ?? 0) < (before.expiresAt ?? 0)) this.#findings.report("I3", `${name} made a session end earlier`)
  }

  /** I8: a sign-out everywhere leaves alone what was created after its instant. */
  #judgeUnlink(key: string, before: Entry, node: number): void {
    const [, tag = "", id = ""] = SESSION.exec(key) ?? []
    const head = before.type === "string" ? headOf(before.value) : undefined
    if (head === undefined) return
    const reached = [...this.#cutoffs].some(([name, cutoff]) => name.startsWith(`${node} user_sessions:{${tag}}:`) && head.created <= cutoff)
    if (!reached && this.#ended.has(`${node} ${key}`)) this.#findings.see("sign-outs made again")
    else if (!reached) this.#findings.report("I8", `a sign-out everywhere ended session ${id.slice(0, 4)}…, which was created after its instant`)
  }

  /** I18: nothing takes effect once its caller was told that it did not, or after its deadline. */
  #judgeTime({ name, args }: Execution): void {
    const text = /"text":"([^"]+)"/.exec(args[name === "session-create" ? 3 : 2] ?? "")?.[1]
    const writing = text === undefined ? undefined : this.#calls.writings.get(text)
    if (writing === undefined) return
    if (writing.failedAt !== undefined) this.#findings.report("I18", `${name} took effect after its caller was told that it did not`)
    if (this.#options.faults.has("server-clock") || this.#options.faults.has("failover")) return
    // While a process stands still its calls wait, and so does whoever made them.
    const stalled = writing.node.stalledBetween(writing.began, this.#time.now)
    const late = this.#time.now - writing.began - this.#options.timeoutMs * 1_000 - stalled
    if (late > CLOCK_ERROR) this.#findings.report("I18", `${name} took effect ${Math.round(late / 1_000)} ms after its call's deadline`)
  }

  /** I9: at no instant more sessions than the limit, and nobody refused while there is room. */
  #judgeLimit({ keys: [session = "", index], args, reply }: Execution): void {
    const limit = Number(args[0]?.split(" ")[5])
    const status = Array.isArray(reply) ? reply[0] : undefined
    if (index === undefined || limit === 0 || this.holes.has(index) || (status !== 0 && status !== FULL)) return
    const { keys } = this.#engine
    const prefix = session.slice(0, -22)
    const user = /"userId":"[^"]*",/.exec(args[3] ?? "")?.[0] ?? ""
    let counted = 0
    for (const key of keys.entries.keys()) {
      if (!key.startsWith(prefix)) continue
      const text = keys.get(key) ?? ""
      if (text.includes(user) && text.slice(156, 169).trim() !== "null") counted += 1
    }
    const made = status === 0 && Array.isArray(reply) ? reply.length - 3 : 0
    if (made > 0 && counted < limit) this.#findings.report("I9", `a creation ended ${made} sessions and left ${counted}, with a limit of ${limit}`)
    if (counted > limit) this.#findings.report("I9", `${counted} sessions of a user lived at one instant, with a limit of ${limit}`)
    if (status === FULL && counted < limit) this.#findings.report("I9", `a creation was refused with ${counted} sessions alive, with a limit of ${limit}`)
  }

  /** I11, I12: by the server's clock no read finds what is over. */
  #judgeDeadlines(key: string): void {
    const head = readHead(this.#engine.keys, key, 171)
    if (head === undefined || head === false || this.#options.faults.has("server-clock")) return
    const now = this.#engine.keys.nowMs
    const accessed = Number(head.text.slice(18, 31))
    if (now >= head.absolute) this.#findings.report("I12", "a read found a session after its absolute deadline")
    const isSteady = !this.#options.faults.has("failover")
    if (isSteady && now > accessed + head.idle + head.slack + 1) this.#findings.report("I11", "a read found a session that had been idle for too long")
  }

  #alive(entry: Entry | undefined): Entry | undefined {
    return entry?.expiresAt !== undefined && this.#engine.keys.nowMs > entry.expiresAt ? undefined : entry
  }
}

function kindOf(key: string): string {
  return SESSION.test(key) ? "a session" : LIST.test(key) ? "a list" : "a key"
}

function headOf(text: string): Head | undefined {
  const head = readHead({ find: () => undefined, getRange: () => text } as never, "", 4_096)
  return head === false ? undefined : head
}

function isMissing({ reply }: Execution): boolean {
  return Array.isArray(reply) && reply[0] === MISSING
}
