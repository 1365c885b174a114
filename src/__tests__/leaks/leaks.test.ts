import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Database from "libsql"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import type { SessionServiceOptions } from "../../config/options.js"
import type { SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { CACHE_KEYS_PATTERNS } from "../../shared/constants.js"
import { SERVER_KINDS, startServer } from "../support/servers.js"
import { leaksIn, spellings } from "./leak-search.js"
import { captureCommands, dumpOfAll, withClient } from "./redis-capture.js"
import { everything, SESSION_DATA, type Service, Witness } from "./scenario.js"

const PASSWORD = "pass-word-of-the-store-81729"
const WRONG_PASSWORD = "wrong-word-of-the-store-5531"
const KEYS = ["first-key-of-the-application-0123456789", "older-key-of-the-application-9876543210"]

let witness: Witness
let printed: string[]

beforeEach(() => {
  witness = new Witness()
  printed = []
  for (const [at, key] of KEYS.entries()) witness.hidden.set(`key ${at} of secrets`, key)
  witness.hidden.set("the password of the store", PASSWORD)
  witness.hidden.set("a wrong password", WRONG_PASSWORD)
  for (const method of ["log", "info", "warn", "error", "debug", "trace"] as const)
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => void printed.push(args.map(String).join(" ")))
  process.on("warning", noteWarning)
})
afterEach(() => {
  process.off("warning", noteWarning)
})

function noteWarning(warning: Error): void {
  printed.push(`${warning.message} ${warning.stack}`)
}

const service = (options: SessionServiceOptions): Promise<Service> =>
  createSessionService<SessionAttributes>({ ...options, schema: undefined, onEvent: witness.onEvent, logger: witness.logger })

/** Fails when a witness saw too little for its silence to mean anything. */
function expectBroad(codes: readonly string[]): void {
  expect([...witness.codes].sort()).toEqual(expect.arrayContaining([...codes]))
  expect([...witness.types].sort()).toEqual(["corrupt", "created", "ended", "replaced-secret", "rotated", "stale-version", "wrong-secret"])
  expect(witness.told.filter((text) => text.startsWith("log")).length).toBeGreaterThan(0)
  expect(witness.handles.length).toBeGreaterThan(15)
}

function expectSilent(): void {
  const told = [...witness.told, ...printed].join("\n")
  expect(leaksIn(told, witness.hidden)).toEqual([])
  expect(told).not.toContain(SESSION_DATA)
}

describe("the search", () => {
  const secret = "dGhpcyBpcyBhIHNlY3JldCBvZiAyNTYgYml0cyEhISE"
  const hidden = new Map([["it", secret]])

  it("finds a secret in each of its spellings, at any place, in text and in bytes", () => {
    const bytes = Buffer.from(secret, "base64url")
    for (const before of ["", "x", "xy", "xyz"]) {
      const around = (inner: Buffer | string): Buffer => Buffer.concat([Buffer.from(before), Buffer.from(inner as string), Buffer.from("behind")])
      const texts = [
        secret,
        around(secret).toString("base64"),
        around(secret).toString("base64url"),
        around(secret).toString("hex"),
        around(bytes).toString("base64"),
        around(bytes).toString("hex").toUpperCase(),
      ]
      for (const text of texts) {
        expect(leaksIn(`before${text}behind`, hidden)).toEqual(["it"])
        expect(leaksIn(Buffer.from(`\u0000\u00ff${text}\u0000`, "latin1"), hidden)).toEqual(["it"])
      }
    }
    for (const spelling of spellings(secret)) expect(spelling.length).toBeGreaterThan(30)
  })

  it("finds nothing where nothing is", () => {
    expect(leaksIn(secret.slice(1), hidden)).toEqual([])
    expect(leaksIn("", hidden)).toEqual([])
  })
})

describe.each(SERVER_KINDS)("on %s", (kind) => {
  it("no secret of a token, no key and no password is in any command, key, value, error, event or log", async () => {
    const server = await startServer({ kind, args: ["--requirepass", PASSWORD] })
    try {
      const url = `redis://default:${PASSWORD}@127.0.0.1:${server.port}`
      const capture = await captureCommands(server.port, PASSWORD)
      const services = [await service({ store: url, secrets: KEYS, touchInterval: 0 }), await service({ store: url, secrets: KEYS, touchInterval: 0 })] as const
      const plain = await service({ store: url, keyPrefix: "plain:" })
      const spoil = (sessionId: string): Promise<void> =>
        withClient(
          server.port,
          PASSWORD,
          async (client) => void (await client.set(CACHE_KEYS_PATTERNS.SESSION(sessionId.slice(0, 3), sessionId.slice(4)), "spoilt")),
        )
      await everything(services, witness, spoil)
      await everything([plain, plain], witness, async (sessionId) => {
        await withClient(server.port, PASSWORD, (client) =>
          client.set(`plain:${CACHE_KEYS_PATTERNS.SESSION(sessionId.slice(0, 3), sessionId.slice(4))}`, "spoilt"),
        )
      })
      await witness.tries(() => createSessionService({ store: `redis://default:${WRONG_PASSWORD}@127.0.0.1:${server.port}` }))
      await witness.tries(() => createSessionService({ store: `redis://default:${PASSWORD}@127.0.0.1:${server.port}/${PASSWORD}` }))
      const commands = await capture.text()
      const values = await dumpOfAll(server.port, PASSWORD)
      // Handles and session data are there, so the captures are whole.
      expect(witness.handles.filter((handle) => !commands.includes(handle.slice(4)))).toEqual([])
      expect(values).toContain(SESSION_DATA)
      expect(leaksIn(commands, witness.hidden)).toEqual([])
      expect(leaksIn(values, witness.hidden)).toEqual([])

      const { token } = await services[0].createSession({ userId: "ada" })
      witness.token(token)
      capture.stop()
      await server.kill9()
      for (const call of [
        () => services[0].getSession(token),
        () => services[0].updateSession(token, { n: 1 }),
        () => services[0].createSession({ userId: "ada" }),
        () => services[0].ping(),
      ])
        await witness.tries<unknown>(call)
      await witness.tries(() => createSessionService({ store: url, timeout: "200ms" }))
      for (const one of [...services, plain]) await one.close()
      expectBroad([
        "ERR_INVALID_ARGUMENT",
        "ERR_SESSION_CONFLICT",
        "ERR_SESSION_CORRUPT",
        "ERR_SESSION_LIMIT",
        "ERR_SESSION_TOO_LARGE",
        "ERR_STORE_REFUSED",
        "ERR_STORE_UNAVAILABLE",
        "ERR_CONFIG_INVALID",
        "AbortError",
      ])
      expectSilent()
    } finally {
      await server.stop()
    }
  })
})

describe("on SQLite", () => {
  it("none is in any byte of the file or its log, nor in an error, event or log", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-leaks-"))
    const file = join(folder, "sessions.db")
    const bytes = (): Buffer => Buffer.concat([file, `${file}-wal`, `${file}-shm`].filter((path) => existsSync(path)).map((path) => readFileSync(path)))
    const services = [
      await service({ store: `sqlite:${file}`, secrets: KEYS, touchInterval: 0 }),
      await service({ store: `sqlite:${file}`, secrets: KEYS, touchInterval: 0 }),
    ] as const
    const plain = await service({ store: `sqlite:${file}`, keyPrefix: "plain:" })
    const raw = new Database(file)
    const spoil = async (sessionId: string): Promise<void> => void raw.prepare("UPDATE sessions SET record = 'spoilt' WHERE handle = ?").run([sessionId])
    await everything(services, witness, spoil)
    await everything([plain, plain], witness, spoil)
    raw.close()
    const before = bytes()
    for (const one of [...services, plain]) await one.close()
    const after = bytes()
    await witness.tries(() => createSessionService({ store: `sqlite:${folder}` }))
    expect(witness.handles.filter((handle) => !before.includes(handle))).toEqual([])
    expect(after.includes(SESSION_DATA)).toBe(true)
    expect(leaksIn(before, witness.hidden)).toEqual([])
    expect(leaksIn(after, witness.hidden)).toEqual([])
    expectBroad([
      "ERR_INVALID_ARGUMENT",
      "ERR_SESSION_CONFLICT",
      "ERR_SESSION_CORRUPT",
      "ERR_SESSION_LIMIT",
      "ERR_SESSION_TOO_LARGE",
      "ERR_STORE_UNAVAILABLE",
      "AbortError",
    ])
    expectSilent()
    rmSync(folder, { recursive: true })
  })
})

describe("the check fails when a secret is planted", () => {
  it("into Redis: the commands and the values show it", async () => {
    const server = await startServer({ kind: "redis", args: ["--requirepass", PASSWORD] })
    try {
      const capture = await captureCommands(server.port, PASSWORD)
      const one = await service({ store: `redis://default:${PASSWORD}@127.0.0.1:${server.port}` })
      const { token } = await one.createSession({ userId: "ada" })
      witness.token(token)
      expect(leaksIn(await capture.text(), witness.hidden)).toEqual([])
      await one.updateSession(token, { copy: Buffer.from(token).toString("base64") })
      expect(leaksIn(await capture.text(), witness.hidden)).not.toEqual([])
      expect(leaksIn(await dumpOfAll(server.port, PASSWORD), witness.hidden)).not.toEqual([])
      await one.close()
      capture.stop()
    } finally {
      await server.stop()
    }
  })

  it("into a SQLite file: its bytes show it, also after the session was deleted", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-leaks-"))
    const file = join(folder, "sessions.db")
    const one = await service({ store: `sqlite:${file}` })
    const { token } = await one.createSession({ userId: "ada" })
    witness.token(token)
    await one.updateSession(token, { copy: token })
    await one.deleteSession(token)
    expect(leaksIn(readFileSync(`${file}-wal`), witness.hidden)).not.toEqual([])
    await one.close()
    rmSync(folder, { recursive: true })
  })

  it("into an error, an event, a log or the console", async () => {
    const token = witness.token(`AAA.${"B".repeat(22)}.${"C".repeat(43)}`)
    for (const plant of [
      () => witness.tries(() => Promise.reject(Object.assign(new Error("x"), { command: ["GET", token] }))),
      async () => expect(() => witness.onEvent({ type: "created", sessionId: token as never })).toThrow(),
      async () => witness.logger.warn({ token }, "x"),
      async () => console.warn(token),
    ]) {
      witness.told.length = 0
      printed.length = 0
      expectSilent()
      await plant()
      expect(() => expectSilent()).toThrow()
    }
  })
})
