import { mkdtempSync, rmdirSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, type OwnedSessionService } from "coatcheck"
import { connectPlain, type PlainClient } from "../../servers/plain-client.js"
import { StoreServer } from "../../servers/StoreServer.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { answerTold } from "../answer-told.js"
import type { FaultRow } from "../fault-row.js"
import { beyondDeadline, SETTLES_MS } from "../limits.js"
import { Standstills } from "../Standstills.js"

type Service = OwnedSessionService<Attributes, Attributes>

/** One way in which a server refuses calls. */
interface Refusal {
  readonly word: string
  /** The codes of which one must be told, with nothing applied; empty: the call must be done. */
  readonly codes: readonly string[]
  provoke(): Promise<unknown>
  undo(): Promise<unknown>
  /** What is called; signing in by default. */
  readonly call?: (service: Service, user: string) => Promise<unknown>
}

const TIMEOUT_MS = 500
const RECOVERS_WITHIN_MS = 5_000

/** Each error that a server can answer with is provoked: the call tells the right kind, nothing was done, and calls go on once the cause is gone. */
export const REFUSALS_OF_A_SERVER: FaultRow = {
  number: 23,
  name: "each refusal of a server",
  topologies: ["one server"],
  nearCache: "none",
  async run({ kind, client, signal, note }) {
    await using server = await StoreServer.start(kind, { config: { "enable-protected-configs": "yes", "busy-reply-threshold": 50 } })
    const opened = await openStore(client, server.url)
    const control = await connectPlain(server.url)
    const foreign = await connectPlain(server.url)
    const why: string[] = []
    const origin = process.hrtime.bigint()
    const now = (): number => Number(process.hrtime.bigint() - origin)
    using standstills = new Standstills(origin)
    let [tried, right, longestOwnMs] = [0, 0, 0]
    try {
      await using service = await createSessionService<Attributes>({ store: opened.store, timeout: `${TIMEOUT_MS}ms`, touchInterval: "1s" })
      const { token } = await service.createSession({ userId: "refused", attributes: { text: "-" } })
      for (const { word, codes, provoke, undo, call = signIn } of refusals(server, control, foreign, token)) {
        signal.throwIfAborted()
        note(word)
        tried += 1
        const user = `refused with ${word}`
        let told: string
        let ownMs: number
        try {
          await provoke()
          const began = now()
          told = await answerTold(call(service, user))
          const ended = now()
          ownMs = (ended - began - standstills.within(began, ended)) / 1_000_000
        } finally {
          await undo()
        }
        longestOwnMs = Math.max(longestOwnMs, ownMs)
        const expected = codes.length === 0 ? ["done"] : codes
        const failures = expected.includes(told) ? [] : [`Expected ${word} to be told as ${expected.join(" or ")}, got ${told}`]
        if (ownMs > TIMEOUT_MS + SETTLES_MS) failures.push(`Expected ${word} to be told within ${TIMEOUT_MS + SETTLES_MS} ms, took ${Math.round(ownMs)} ms`)
        await waitUntil(`calls to go on after ${word}`, RECOVERS_WITHIN_MS, async () => (await answerTold(signIn(service, "signs in"))) === "done")
        // What waited at the server was answered before this sign-in was.
        const done = (await service.getUserSessions(user)).sessions.length
        if (done > 0 && told !== "done") failures.push(`Expected nothing to be done after ${word} was told as ${told}, got ${done} sessions`)
        if (failures.length === 0) right += 1
        why.push(...failures)
        if ((await service.getSession(token)) === null) why.push(`Expected the session to be there after ${word}`)
      }
    } finally {
      for (const one of [foreign, control]) one.destroy()
      await opened.close()
    }
    return {
      version: server.version,
      tried,
      survived: why.length === 0 ? tried : right,
      figures: { "told rightly": right, "longest call ms": Math.round(longestOwnMs) },
      summary: { "longest call beyond its deadline (ms)": Math.round(beyondDeadline({ longestOwnMs }, TIMEOUT_MS)) },
      why,
    }
  },
}

const UNAVAILABLE = "ERR_STORE_UNAVAILABLE, not-applied"
const REFUSED = "ERR_STORE_REFUSED, not-applied"
/** A client of the user's own may keep a call until it has a connection again. */
const WAITED = "ERR_STORE_TIMEOUT, unknown"

function refusals(server: StoreServer, control: PlainClient, foreign: PlainClient, token: string): readonly Refusal[] {
  const ask = (...command: string[]): Promise<unknown> => control.sendCommand(command)
  const set = (name: string, value: string): Promise<unknown> => ask("CONFIG", "SET", name, value)
  const killAll = async (): Promise<unknown> => {
    await ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    return pause(50)
  }
  const folder = mkdtempSync(join(server.folder, "gone-"))
  return [
    { word: "READONLY", codes: [UNAVAILABLE], provoke: () => ask("REPLICAOF", "127.0.0.1", "1"), undo: () => ask("REPLICAOF", "NO", "ONE") },
    {
      word: "MASTERDOWN",
      codes: [UNAVAILABLE],
      provoke: async () => [await set("replica-serve-stale-data", "no"), await ask("REPLICAOF", "127.0.0.1", "1")],
      undo: async () => [await ask("REPLICAOF", "NO", "ONE"), await set("replica-serve-stale-data", "yes")],
      call: (service) => service.getSession(token),
    },
    { word: "NOREPLICAS", codes: [UNAVAILABLE], provoke: () => set("min-replicas-to-write", "1"), undo: () => set("min-replicas-to-write", "0") },
    {
      word: "MISCONF",
      codes: [REFUSED],
      provoke: async () => {
        await set("dir", folder)
        rmdirSync(folder)
        await set("save", "3600 1")
        await ask("BGSAVE")
        await waitUntil("the server to fail to save", RECOVERS_WITHIN_MS, async () =>
          String(await ask("INFO", "persistence")).includes("rdb_last_bgsave_status:err"),
        )
      },
      undo: async () => [await set("save", ""), await set("dir", server.folder), await ask("BGSAVE")],
    },
    {
      word: "NOPERM",
      codes: [REFUSED],
      provoke: () => ask("ACL", "SETUSER", "default", "-evalsha", "-eval"),
      undo: () => ask("ACL", "SETUSER", "default", "+evalsha", "+eval"),
    },
    {
      word: "NOAUTH",
      codes: [REFUSED, UNAVAILABLE, WAITED],
      provoke: async () => [await set("requirepass", "secret"), await killAll()],
      undo: () => set("requirepass", ""),
    },
    {
      word: "WRONGPASS",
      codes: [REFUSED],
      provoke: () => ask("ACL", "SETUSER", "app", "on", ">right", "~*", "&*", "+@all"),
      undo: () => ask("ACL", "DELUSER", "app"),
      call: async () => (await createSessionService({ store: server.url.replace("//", "//app:wrong@"), timeout: `${TIMEOUT_MS}ms` })).close(),
    },
    {
      word: "BUSY",
      codes: [UNAVAILABLE],
      provoke: async () => {
        await reconnected(foreign)
        foreign.sendCommand(["EVAL", "while true do end", "0"]).catch(() => undefined)
        await waitUntil("the server to be busy", RECOVERS_WITHIN_MS, async () => (await ask("PING").catch((error: Error) => error.message)) !== "PONG")
      },
      undo: () => ask("SCRIPT", "KILL"),
    },
    {
      word: "max number of clients",
      codes: [UNAVAILABLE, WAITED],
      provoke: async () => [await set("maxclients", "1"), await killAll()],
      undo: () => set("maxclients", "10000"),
    },
    { word: "CLIENT KILL", codes: ["done", UNAVAILABLE], provoke: killAll, undo: async () => undefined },
    {
      word: "CLIENT PAUSE beyond the deadline",
      codes: [WAITED],
      provoke: () => ask("CLIENT", "PAUSE", "10000", "WRITE"),
      undo: () => ask("CLIENT", "UNPAUSE"),
    },
    { word: "CLIENT PAUSE within the deadline", codes: [], provoke: () => ask("CLIENT", "PAUSE", "100", "ALL"), undo: () => pause(150) },
  ]
}

async function reconnected(client: PlainClient): Promise<void> {
  if (!client.isOpen) await client.connect()
}

async function signIn(service: Service, userId: string): Promise<unknown> {
  return service.createSession({ userId, attributes: { text: "-" } })
}
