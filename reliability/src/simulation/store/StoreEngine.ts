import { createHash } from "node:crypto"
import { type Change, Keyspace } from "./Keyspace.js"
import type { Reply, ScriptFunction } from "./script.js"
import { indexCutoff, indexEnd, indexHeal, indexLists, indexPage, indexPrune } from "./scripts/index-scripts.js"
import { rateAdjust, rateBlock, rateLease, rateLook, rateRelease, rateTake } from "./scripts/rate-scripts.js"
import { recordAdopt, recordAdoptApart, recordEnd, recordOld, recordOldRemove, recordSave, recordTouch } from "./scripts/record-scripts.js"
import { sessionCreate } from "./scripts/session-create.js"
import { sessionCreates } from "./scripts/session-creates.js"
import { sessionDelete } from "./scripts/session-delete.js"
import { sessionDeletes } from "./scripts/session-deletes.js"
import { sessionExtend } from "./scripts/session-extend.js"
import { sessionRotate } from "./scripts/session-rotate.js"
import { sessionAccesses, sessionTouches } from "./scripts/session-touches.js"
import { sessionUpdate } from "./scripts/session-update.js"
import { sessionUpdates } from "./scripts/session-updates.js"

/** An error reply of the server. */
export class ReplyError extends Error {
  override readonly name = "ErrorReply"
}

/** What a script says of itself in its first two lines. */
export interface ScriptHead {
  readonly name: string
  readonly sha1: string
  readonly readOnly: boolean
  readonly allowsOom: boolean
}

/** A command that was carried out. */
export interface Execution {
  /** The command's name in lower case, or the script's. */
  readonly name: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
  readonly reply: Reply
  readonly changes: readonly Change[]
}

export const SCRIPTS: Readonly<Record<string, ScriptFunction>> = {
  "index-cutoff": indexCutoff,
  "index-end": indexEnd,
  "index-heal": indexHeal,
  "index-lists": indexLists,
  "index-page": indexPage,
  "index-prune": indexPrune,
  "rate-adjust": rateAdjust,
  "rate-block": rateBlock,
  "rate-lease": rateLease,
  "rate-look": rateLook,
  "rate-release": rateRelease,
  "rate-take": rateTake,
  "record-adopt": recordAdopt,
  "record-adopt-apart": recordAdoptApart,
  "record-end": recordEnd,
  "record-old": recordOld,
  "record-old-remove": recordOldRemove,
  "record-save": recordSave,
  "record-touch": recordTouch,
  "session-accesses": sessionAccesses,
  "session-create": sessionCreate,
  "session-creates": sessionCreates,
  "session-delete": sessionDelete,
  "session-deletes": sessionDeletes,
  "session-extend": sessionExtend,
  "session-rotate": sessionRotate,
  "session-touches": sessionTouches,
  "session-update": sessionUpdate,
  "session-updates": sessionUpdates,
}

const knownHeads = new Map<string, ScriptHead>()

/** Reads a script's first two lines. @throws when they are not those of one of the library's scripts */
function headOf(source: string): ScriptHead {
  const known = knownHeads.get(source)
  if (known !== undefined) return known
  const [, flags = "", name = ""] = /^#!lua(?: flags=(\S+))?\n-- coatcheck (\S+)\n/.exec(source) ?? []
  if (name === "") throw new Error("Expected a script whose second line names it, got another")
  const sha1 = createHash("sha1").update(source).digest("hex")
  const head = { name, sha1, readOnly: flags.includes("no-writes"), allowsOom: flags.includes("allow-oom") }
  knownHeads.set(source, head)
  return head
}

/** Answers the commands that the library sends, from a keyspace in memory. */
export class StoreEngine {
  readonly keys = new Keyspace()
  readonly #scripts: Readonly<Record<string, ScriptFunction>>
  readonly #cached = new Map<string, ScriptHead>()

  /** @param scripts by name; others than the faithful ones to see what a mistake does */
  constructor(scripts = SCRIPTS) {
    this.#scripts = scripts
  }

  /** Forgets all scripts, as SCRIPT FLUSH and a restart do. */
  flushScripts(): void {
    this.#cached.clear()
  }

  /** What a command is, before it is carried out. `undefined` for one by the SHA-1 of a script that is not known. */
  describe([name = "", script = ""]: readonly string[]): ScriptHead | { readonly name: string } | undefined {
    if (name === "eval") return headOf(script)
    return name === "evalsha" ? this.#cached.get(script) : { name }
  }

  /** Carries out one command at an instant. @throws ReplyError */
  execute(command: readonly string[], nowMicros: number): Execution {
    this.keys.nowMicros = nowMicros
    const [name = "", ...rest] = command
    if (name === "eval" || name === "evalsha") return this.#runScript(name, rest)
    const reply = this.#plain(name, rest)
    return { name, keys: rest, args: [], reply, changes: this.keys.takeChanges() }
  }

  #plain(name: string, rest: readonly string[]): Reply {
    switch (name) {
      case "get":
        return this.#reading(() => this.keys.get(rest[0] ?? ""))
      case "mget":
        return rest.map((key) => (this.keys.find(key)?.type === "zset" ? null : this.keys.get(key)))
      case "unlink":
        return rest.reduce((sum, key) => sum + this.keys.unlink(key), 0)
      case "time":
        return [String(Math.floor(this.keys.nowMicros / 1_000_000)), String(this.keys.nowMicros % 1_000_000)]
      case "ping":
        return "PONG"
      case "scan":
        return this.#scan(rest)
      default:
        throw new ReplyError(`ERR unknown command '${name}'`)
    }
  }

  #runScript(name: "eval" | "evalsha", [script = "", count = "0", ...rest]: readonly string[]): Execution {
    const head = name === "eval" ? headOf(script) : this.#cached.get(script)
    if (head === undefined) throw new ReplyError("NOSCRIPT No matching script. Please use EVAL.")
    this.#cached.set(head.sha1, head)
    const run = this.#scripts[head.name]
    if (run === undefined) throw new Error(`Expected one of the scripts that are known here, got ${head.name}`)
    const names = rest.slice(0, Number(count))
    const args = rest.slice(Number(count))
    const reply = this.#reading(() => run(this.keys, names, args))
    return { name: head.name, keys: names, args, reply, changes: this.keys.takeChanges() }
  }

  #reading<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof Error && /^(WRONGTYPE|ERR) /.test(error.message)) throw new ReplyError(error.message)
      throw error
    }
  }

  /** All keys in one step, which a server may answer too. */
  #scan([, , pattern = ""]: readonly string[]): Reply {
    const form = globForm(pattern)
    return ["0", [...this.keys.entries.keys()].filter((key) => form.test(key) && this.keys.exists(key))]
  }
}

const forms = new Map<string, RegExp>()

function globForm(pattern: string): RegExp {
  const known = forms.get(pattern)
  if (known !== undefined) return known
  const form = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "s",
  )
  if (forms.size < 1_000) forms.set(pattern, form)
  return form
}
