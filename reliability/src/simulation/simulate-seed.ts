import { createHash } from "node:crypto"
import type { OwnedSessionService } from "coatcheck"
import type { HistoryLine } from "../histories/history-line.js"
import { ABSENT, type SessionState, UNSEEN_SECRET } from "../histories/session-model.js"
import { type Attributes, RecordedClient } from "../workloads/RecordedClient.js"
import { oneOf, type Random, randomFrom } from "../workloads/random.js"
import { CallWatch } from "./checks/CallWatch.js"
import { type Finding, Findings } from "./checks/Findings.js"
import { ListMemory } from "./checks/ListMemory.js"
import { checkRun, type DataFault, type FailedTouch } from "./checks/run-history.js"
import { StoreWatch } from "./checks/StoreWatch.js"
import { singly } from "./checks/singly.js"
import { type Mistake, mistakenScripts, mistakenService } from "./mistakes.js"
import type { SeedOptions } from "./seed-options.js"
import type { Change } from "./store/Keyspace.js"
import type { Execution } from "./store/StoreEngine.js"
import type { Reply } from "./store/script.js"
import { callOnce, TokenPool, USERS } from "./workload/Actor.js"
import { GUESTS, type SecretNames, varied } from "./workload/SimulatedService.js"
import { AppNode } from "./world/AppNode.js"
import { FaultWeather } from "./world/fault-weather.js"
import { SimulatedServer } from "./world/SimulatedServer.js"
import { VirtualTime } from "./world/VirtualTime.js"
import { installVirtualGlobals, type LocalClocks } from "./world/virtual-globals.js"

/** What came of one run. */
export interface SeedResult {
  readonly findings: readonly Finding[]
  readonly seen: Readonly<Record<string, number>>
  readonly calls: number
  /** Virtual milliseconds. */
  readonly virtualMs: number
  /** Names everything that happened, in its order. */
  readonly trace: string
}

/** A session is again what it was some writes ago: this record, or none. */
interface Restored {
  readonly kind: "restored"
  readonly at: number
  readonly session: string
  readonly text: string | undefined
}

const MS = 1_000
/** A run ends by then, whatever calls are left: rotations let old secrets work on for a minute, and the checkers take that for ever. */
const LONGEST_MS = 40_000
const LIST_MEMORY_MS = 2_500
/** How long a client may take to connect again, and a breaker to ask again. */
const RECONNECT_MS = 200
const PROBE_MS = 500
/** Whoever was refused tries again after a pause. */
const AFTER_FAILURE_MS = 150

/** Runs the library against a simulated world, which follows from the options alone. */
export async function simulateSeed(options: SeedOptions, mistake?: Mistake): Promise<SeedResult> {
  const run = new SeedRun(options, mistake)
  return run.result()
}

class SeedRun {
  readonly #options: SeedOptions
  readonly #mistake: Mistake | undefined
  readonly #random: Random
  readonly #time = new VirtualTime()
  readonly #findings = new Findings()
  readonly #calls: CallWatch
  readonly #server: SimulatedServer
  readonly #watch: StoreWatch
  readonly #weather: FaultWeather
  readonly #pool: TokenPool
  readonly #secrets: SecretNames = new Map()
  readonly #dataFaults: (Exclude<DataFault, { kind: "restored" }> | Restored)[] = []
  readonly #failedTouches: FailedTouch[] = []
  readonly #trace = createHash("sha256")
  readonly #lists = new Map<string, string>()
  readonly #memory = new ListMemory()
  #nodes: AppNode[] = []
  readonly #services = new Map<AppNode, OwnedSessionService<Attributes, Attributes>>()
  #nodesMade = 0
  #left: number
  #acting = 0

  constructor(options: SeedOptions, mistake: Mistake | undefined) {
    this.#options = options
    this.#mistake = mistake
    this.#left = options.operations
    this.#random = randomFrom(options.seed ^ 0x5bd1e995)
    this.#pool = new TokenPool(this.#random)
    this.#calls = new CallWatch(this.#time, this.#findings, options.timeoutMs)
    const observer = {
      executed: (execution: Execution, node: number) => this.#executed(execution, node),
      refused: (word: string) => {
        this.#findings.see(word)
        this.#note(`refused ${word}`)
      },
    }
    this.#server = new SimulatedServer(this.#time, observer, mistakenScripts(mistake))
    this.#watch = new StoreWatch({ engine: this.#server.engine, time: this.#time, calls: this.#calls, findings: this.#findings, options })
    this.#weather = new FaultWeather(
      {
        time: this.#time,
        server: this.#server,
        random: this.#random,
        nodes: () => this.#nodes,
        replace: (node) => this.#replace(node),
        writesLost: (undone) => this.#writesLost(undone),
        evicted: (key) => this.#evicted(key),
        happened: (fault) => {
          this.#findings.see(`fault: ${fault}`)
          this.#note(fault)
        },
      },
      options.faults,
    )
  }

  async result(): Promise<SeedResult> {
    const uninstall = installVirtualGlobals(
      this.#time,
      (owner) => owner as LocalClocks,
      () => this.#random(2 ** 30) / 2 ** 30,
    )
    const rejected = (reason: unknown): void => this.#findings.report("I16", `a rejection that nobody handles: ${String(reason)}`)
    process.on("unhandledRejection", rejected)
    try {
      await this.#play()
    } finally {
      process.off("unhandledRejection", rejected)
      uninstall()
    }
    const lines = this.#calls.take()
    for (const line of lines) this.#trace.update(traceOf(line))
    const faults = this.#dataFaults.map((fault) => (fault.kind === "restored" ? { ...fault, state: this.#stateOf(fault.text) } : fault))
    checkRun(lines, { faults, failedTouches: this.#failedTouches, options: this.#options }, this.#findings)
    return {
      findings: this.#findings.found,
      seen: this.#findings.seen,
      calls: lines.length,
      virtualMs: this.#time.now / MS,
      trace: this.#trace.digest("hex"),
    }
  }

  async #play(): Promise<void> {
    for (let made = 0; made < this.#options.nodes; made++) this.#addNode()
    for (let actor = 0; actor < this.#options.actors; actor++) this.#act(this.#random(this.#options.thinkMs))
    this.#weather.begin()
    const isOver = (): boolean => this.#acting === 0 || this.#time.now > LONGEST_MS * MS
    await this.#time.runUntil(isOver)
    this.#left = 0
    this.#weather.end()
    await this.#time.runUntil(() => this.#acting === 0)
    await this.#recover()
    await this.#close()
  }

  #addNode(): void {
    const node = new AppNode(this.#nodesMade++, {
      ...this.#options,
      time: this.#time,
      server: this.#server,
      network: this.#weather,
      random: this.#random,
      habits: this.#options,
      onEvent: (event) => {
        if (event.type !== "touch-failed") return
        this.#findings.see("touches that failed")
        this.#failedTouches.push({ at: this.#time.now * MS, session: event.sessionId })
      },
    })
    this.#nodes.push(node)
    this.#time.after(0, node, () => {
      node.open().then(
        (service) => this.#services.set(node, service),
        (error: unknown) => this.#findings.report("start", String(error)),
      )
    })
  }

  /** A process ends, and another one takes its place. */
  #replace(node: AppNode): void {
    this.#calls.cutOff(node)
    node.kill()
    this.#nodes = this.#nodes.filter((other) => other !== node)
    this.#services.delete(node)
    this.#addNode()
    for (const orphan of this.#actors.splice(0)) {
      if (orphan.node !== node) this.#actors.push(orphan)
      else {
        this.#acting -= 1
        this.#act(this.#random(this.#options.thinkMs))
      }
    }
  }

  readonly #actors: { node: AppNode }[] = []

  /** A caller that makes calls at one process until none are left. */
  #act(delayMs: number): void {
    const node = oneOf(this.#random, this.#nodes)
    if (node === undefined) throw new Error("Expected a process to be running, got none")
    const actor = { node }
    this.#actors.push(actor)
    this.#acting += 1
    let client: ReturnType<SeedRun["clientAt"]> | undefined
    const { thinkMs, faults } = this.#options
    const grace = !faults.has("server-clock")
    const done = (): void => {
      this.#acting -= 1
      this.#actors.splice(this.#actors.indexOf(actor), 1)
    }
    const call = (): void => {
      client ??= this.clientAt(node)
      if (client === undefined) {
        this.#time.after(MS, node, call)
        return
      }
      if (this.#left <= 0) {
        done()
        return
      }
      this.#left -= 1
      const began = this.#time.now
      void callOnce(client, this.#pool, this.#random, grace)
        .catch((error: unknown) => this.#findings.report("I16", `a call rejected with ${String(error)}`))
        .then(() => {
          const failed = node.failedAt >= began ? AFTER_FAILURE_MS : 0
          this.#time.after(this.#random((thinkMs + failed) * MS), node, call)
        })
    }
    this.#time.after(delayMs * MS, node, call)
  }

  clientAt(node: AppNode): (RecordedClient & { cleanup(): Promise<void> }) | undefined {
    const service = this.#services.get(node)
    if (service === undefined) return undefined
    const own = varied(mistakenService(service, this.#mistake), this.#random, this.#secrets)
    const client = new RecordedClient(own, this.#calls, node.number)
    return Object.assign(client, { cleanup: async () => void (await own.cleanupExpiredSessions()) })
  }

  #executed(execution: Execution, node: number): void {
    const { name, reply } = execution
    this.#note(`${name} ${node} ${outlineOf(reply)} ${execution.changes.length}`)
    this.#watch.executed(execution, node)
    for (const one of singly(execution)) {
      for (const { key, text } of this.#memory.executed(one, this.#server.engine.keys.nowMicros)) {
        this.#findings.see("sessions opened again because the clock had been ahead")
        this.#dataFaults.push({ kind: "restored", at: this.#time.now * MS, session: handleOf(key), text })
      }
      if (one.name !== "session-create") continue
      this.#noteList(one)
      for (const { key, after } of one.changes) if (after === undefined && key.startsWith("session:")) this.#evicted(key)
    }
  }

  // Which user a list belongs to is in no key: the records of its sessions tell.
  #noteList({ keys: [, list], args }: Execution): void {
    const user = /"userId":"([^"]*)"/.exec(args[3] ?? "")?.[1]
    if (list !== undefined && user !== undefined) this.#lists.set(list, user)
  }

  #writesLost(undone: readonly Change[]): void {
    this.#findings.see("failovers")
    const at = this.#time.now * MS
    const sessions = new Set(undone.map(({ key }) => key).filter((key) => key.startsWith("session:")))
    for (const key of sessions) {
      const entry = this.#server.engine.keys.entries.get(key)
      const text = entry?.type === "string" ? entry.value : undefined
      if (text !== undefined && undone.some((change) => change.key === key && change.before === undefined)) this.#findings.see("sign-outs that were lost")
      this.#dataFaults.push({ kind: "restored", at, session: handleOf(key), text })
    }
  }

  /** Once the run is over: the secret of a session whose creation was under way had no name before. */
  #stateOf(text: string | undefined): SessionState {
    if (text === undefined) return ABSENT
    const named = (verifier: string | undefined): string | null => (verifier === undefined ? null : (this.#secrets.get(verifier) ?? UNSEEN_SECRET))
    return {
      is: "live",
      version: Number(text.slice(63, 72)),
      text: /"text":"([^"]*)"/.exec(text)?.[1] ?? "",
      secret: named(text.slice(132, 154)) ?? UNSEEN_SECRET,
      previous: named(/"previous":"([^"]*)"/.exec(text)?.[1]),
    }
  }

  #evicted(key: string): void {
    const at = this.#time.now * MS
    if (key.startsWith("session:")) this.#dataFaults.push({ kind: "evicted", at, session: handleOf(key) })
    else {
      this.#watch.holes.add(key)
      const user = this.#lists.get(key)
      if (user !== undefined) this.#dataFaults.push({ kind: "list-evicted", at, user })
    }
  }

  /** The faults are over: every call must work again soon, lists must be whole once their sessions were used, and in the end nothing may be left. */
  async #recover(): Promise<void> {
    const { timeoutMs, touchIntervalMs } = this.#options
    const stalled = Math.max(...this.#nodes.map(({ stalledUntil }) => stalledUntil - this.#time.now), 0) / MS
    await this.#wait(stalled + RECONNECT_MS + PROBE_MS + timeoutMs)
    for (const node of this.#nodes) await this.#within(3 * timeoutMs, node, "a ping", (service) => service.ping())
    await this.#wait(touchIntervalMs + 50)
    const tokens = this.#pool.all.map(({ token }) => token)
    for (const token of tokens) {
      const node = oneOf(this.#random, this.#nodes)
      if (node !== undefined) await this.#within(timeoutMs, node, "a read", (service) => service.getSession(token))
    }
    await this.#wait(100)
    this.#judgeLists(tokens)
    for (const [user] of USERS) {
      const node = oneOf(this.#random, this.#nodes)
      if (node !== undefined && !user.startsWith(GUESTS)) await this.#within(timeoutMs, node, "a list", (service) => service.getUserSessions(user))
    }
    const { keys } = this.#server.engine
    this.#server.passTime((this.#options.absoluteMs + LIST_MEMORY_MS + 1_000) * MS)
    keys.nowMicros = this.#server.nowMicros
    const left = [...keys.entries.keys()].filter((key) => keys.exists(key))
    if (left.length > 0) this.#findings.report("I21", `${left.length} keys outlive every session`)
  }

  /** I26: a session that was used after its list was lost stands in it again. */
  #judgeLists(tokens: readonly string[]): void {
    // While a server's clock that was set back has not caught up, accesses are not written down, and lists not mended.
    if (this.#options.faults.has("server-clock")) return
    const { keys } = this.#server.engine
    keys.nowMicros = this.#server.nowMicros
    for (const token of tokens) {
      const [tag = "", id = "", secret] = token.split(".")
      const text = keys.get(`session:{${tag}}.${id}`)
      if (text === null || !text.includes('"userId"') || secret === undefined) continue
      if (!this.#secrets.has(text.slice(132, 154)) || Number(text.slice(18, 31)) < keys.nowMs - this.#options.touchIntervalMs - 1_000) continue
      const lists = [...keys.entries.keys()].filter((key) => key.startsWith(`user_sessions:{${tag}}`))
      if (!lists.some((list) => keys.members(list).score(id) !== undefined))
        this.#findings.report("I26", "a session is not in its user's list after it was used")
    }
  }

  /** Makes a call until it succeeds, which must be soon. */
  async #within(ms: number, node: AppNode, what: string, work: (service: OwnedSessionService<Attributes, Attributes>) => Promise<unknown>): Promise<void> {
    const until = this.#time.now + ms * MS
    for (;;) {
      let settled: "failed" | "done" | undefined
      this.#time.after(5 * MS, node, () => {
        const service = this.#services.get(node)
        if (service === undefined) settled = "failed"
        else
          work(service).then(
            () => {
              settled = "done"
            },
            () => {
              settled = "failed"
            },
          )
      })
      await this.#time.runUntil(() => settled !== undefined)
      if ((settled as string | undefined) === "done") return
      if (this.#time.now > until) return this.#findings.report("liveness", `${what} does not succeed ${ms} ms after the last fault`)
    }
  }

  async #wait(ms: number): Promise<void> {
    let isOver = false
    this.#time.after(ms * MS, undefined, () => {
      isOver = true
    })
    await this.#time.runUntil(() => isOver)
  }

  async #close(): Promise<void> {
    let open = this.#services.size
    for (const [node, service] of this.#services) {
      this.#time.after(0, node, () => {
        service.close().then(
          () => {
            open -= 1
          },
          (error: unknown) => this.#findings.report("I17", `close() rejected with ${String(error)}`),
        )
      })
    }
    await this.#time.runUntil(() => open === 0)
  }

  #note(what: string): void {
    this.#trace.update(`${this.#time.now} ${what}\n`)
  }
}

function handleOf(key: string): string {
  return key.replace(/^session:\{(.*)\}\./, "$1.")
}

/** A reply without what is drawn anew in each run: which parts are there, and numbers. */
function outlineOf(reply: Reply): string {
  if (typeof reply === "number" || reply === null) return String(reply)
  return typeof reply === "string" ? `text ${reply.length}` : `[${reply.map(outlineOf).join(",")}]`
}

/** A line without what is drawn anew in each run: handles and secrets. */
function traceOf({ client, op, args, call, ret, outcome, value }: HistoryLine): string {
  return `${client} ${op} ${args.write ?? ""} ${call} ${ret} ${outcome} ${value.code ?? ""} ${value.seen?.version ?? ""} ${value.listed?.length ?? ""}\n`
}
