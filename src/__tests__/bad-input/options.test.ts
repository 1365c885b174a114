import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import type { SessionService } from "../../infrastructure/services/session/SessionService.js"
import {
  hostileProxy,
  NO_TEXT,
  REFUSED_BOOLEANS,
  REFUSED_DURATIONS,
  REFUSED_LIMITS,
  REFUSED_OPTIONS,
  REFUSED_SIGNALS,
  REFUSED_USER_IDS,
  REFUSED_WORDS,
} from "./corpus.js"
import { sentBy } from "./figures.js"
import { type Attributes, MARKER, nameOf, outcomeOf, type Watched, watched } from "./refusals.js"

type Call = (service: SessionService<Attributes>, options: never, watched: Watched) => Promise<unknown>

const handleOf = ({ stored }: Watched): string => stored.token.slice(0, 26)

/** Every method that takes options, and what is refused of each option. */
const METHODS: Readonly<Record<string, { readonly call: Call; readonly refused: Readonly<Record<string, readonly unknown[]>> }>> = {
  createSession: {
    call: (service, options) => service.createSession(options),
    refused: {
      userId: REFUSED_USER_IDS,
      pendingUserId: REFUSED_USER_IDS,
      authenticatedAt: [null, 5, "2026-01-01", new Date(Number.NaN), new Date(-1), new Date(8.64e15), {}, hostileProxy(new Date())],
      device: [
        null,
        5,
        MARKER,
        [],
        { [MARKER]: 1 },
        { ip: 5 },
        { ip: `${MARKER}${"1".repeat(64)}` },
        { userAgent: MARKER.repeat(200) },
        { label: "\u0001".repeat(60) },
        { ip: null },
      ],
      idleTimeout: [...REFUSED_DURATIONS, null],
      absoluteTimeout: [...REFUSED_DURATIONS, null],
      persistent: [...REFUSED_BOOLEANS, null],
      maxSessionsPerUser: [...REFUSED_LIMITS, null],
      onLimit: [...REFUSED_WORDS, null],
      replaces: [...REFUSED_WORDS, null, [], {}],
      signal: REFUSED_SIGNALS,
    },
  },
  getSession: {
    call: (service, options, { stored }) => service.getSession(stored.token, options),
    refused: { touch: [...REFUSED_BOOLEANS, null], signal: REFUSED_SIGNALS },
  },
  updateSession: {
    call: (service, options, { stored }) => service.updateSession(stored.token, { n: 1 }, options),
    refused: {
      ifVersion: [0, -1, 1.5, Number.NaN, 2 ** 53, "1", MARKER, true, [], {}, null],
      unset: [MARKER, 5, {}, [5], [null], [Symbol(MARKER)], [[MARKER]], Array.from({ length: 1_001 }, () => "a"), null],
      signal: REFUSED_SIGNALS,
    },
  },
  updateUserSession: {
    call: (service, options, target) => service.updateUserSession("ada", handleOf(target), { n: 1 }, options),
    refused: { ifVersion: [0, "1", null], unset: [MARKER, [5], null], signal: REFUSED_SIGNALS },
  },
  extendSession: { call: (service, options, { stored }) => service.extendSession(stored.token, undefined, options), refused: { signal: REFUSED_SIGNALS } },
  rotateSession: {
    call: (service, options, { stored }) => service.rotateSession(stored.token, options),
    refused: {
      grace: [...REFUSED_DURATIONS.filter((value) => value !== 0 && value !== "9ms"), "61s", 61, null],
      reauthenticated: [...REFUSED_BOOLEANS, null],
      changes: [null, 5, MARKER, []],
      signal: REFUSED_SIGNALS,
    },
  },
  deleteSession: {
    call: (service, options, { stored }) => service.deleteSession(stored.token, options),
    refused: {
      ifVersion: [0, -1, 1.5, Number.NaN, 2 ** 53, "1", MARKER, true, [], {}, null],
      reason: [...REFUSED_WORDS, "evicted", null],
      signal: REFUSED_SIGNALS,
    },
  },
  deleteUserSession: {
    call: (service, options, target) => service.deleteUserSession("ada", handleOf(target), options),
    refused: { reason: [...REFUSED_WORDS, null], signal: REFUSED_SIGNALS },
  },
  deleteUserSessions: {
    call: (service, options) => service.deleteUserSessions("ada", options),
    refused: {
      reason: [...REFUSED_WORDS, null],
      except: [...NO_TEXT, "", MARKER, `${"A".repeat(26)}`, null],
      thorough: [
        ...REFUSED_BOOLEANS.filter((value) => typeof value !== "object" || Array.isArray(value)),
        null,
        { maxPerSecound: 1 },
        { maxPerSecond: 0 },
        { maxPerSecond: 10_000_001 },
        { maxPerSecond: null },
        { onProgress: MARKER },
        { onProgress: null },
      ],
      signal: REFUSED_SIGNALS,
    },
  },
  getUserSessions: {
    call: (service, options) => service.getUserSessions("ada", options),
    refused: {
      cursor: [...NO_TEXT, "", "0", MARKER, `${"A".repeat(22)}.1.${"A".repeat(22)}`, "x".repeat(1_000_000), null],
      limit: [...REFUSED_LIMITS, 201, null],
      signal: REFUSED_SIGNALS,
    },
  },
  cleanupExpiredSessions: {
    call: (service, options) => service.cleanupExpiredSessions(options),
    refused: {
      cursor: [...NO_TEXT, "", "0", MARKER, "1.x", `0.${"9".repeat(21)}`, "-1.0", null],
      maxPerSecond: [...REFUSED_LIMITS.filter((value) => value !== 100_001), 10_000_001, null],
      onProgress: [5, MARKER, {}, [], true, null],
      signal: REFUSED_SIGNALS,
    },
  },
  doctor: { call: (service, options) => service.doctor(options), refused: { signal: REFUSED_SIGNALS } },
  ping: { call: (service, options) => service.ping(options), refused: { signal: REFUSED_SIGNALS } },
}

async function accepted(
  call: Call,
  values: readonly unknown[],
  optionsOf: (value: unknown) => unknown,
): Promise<{ readonly wrong: readonly string[]; readonly sent: readonly string[] }> {
  const wrong: string[] = []
  const sent: string[] = []
  for (const value of values) {
    const one = await watched()
    const outcome = await outcomeOf(() => call(one.service, optionsOf(value) as never, one), ["ERR_INVALID_ARGUMENT"])
    if (outcome.kind === "refused") sent.push(...sentBy(one.redis))
    else wrong.push(`${nameOf(value)}: ${outcome.kind === "breach" ? outcome.what : "accepted"}`)
  }
  return { wrong, sent }
}

describe.each(Object.entries(METHODS))("%s", (_method, { call, refused }) => {
  it.each(Object.entries(refused))("refuses a bad %s, and sends nothing", async (option, values) => {
    expect(await accepted(call, values, (value) => ({ [option]: value }))).toEqual({ wrong: [], sent: [] })
  })

  it("refuses what is no object of options, and options that do not exist", async () => {
    expect(await accepted(call, REFUSED_OPTIONS, (value) => value)).toEqual({ wrong: [], sent: [] })
  })

  it("refuses options that throw when they are read, without what they threw", async () => {
    const throws = { get: () => expect.fail(MARKER), enumerable: true }
    const values = [hostileProxy(), ...["signal", ...Object.keys(refused)].map((option) => Object.defineProperty({}, option, throws))]
    expect(await accepted(call, values, (value) => value)).toEqual({ wrong: [], sent: [] })
  })
})

it("extendSession refuses a bad timeout, and sends nothing", async () => {
  const call: Call = (service, timeout, { stored }) => service.extendSession(stored.token, timeout)
  expect(await accepted(call, [...REFUSED_DURATIONS, null], (value) => value)).toEqual({ wrong: [], sent: [] })
})

describe("createSession", () => {
  it.each([
    ["a user and a pending user", { userId: "ada", pendingUserId: "ada" }],
    ["an impersonator without a user", { impersonatorId: "root" }],
    ["an impersonator of a pending session", { pendingUserId: "ada", impersonatorId: "root" }],
    ["a guest who signed in", { authenticatedAt: new Date(0) }],
    ["an impersonation with a sign-in", { userId: "ada", impersonatorId: "root", authenticatedAt: new Date(0) }],
  ])("refuses %s, and sends nothing", async (_what, options) => {
    expect(
      await accepted(
        (service, given) => service.createSession(given),
        [options],
        (value) => value,
      ),
    ).toEqual({ wrong: [], sent: [] })
  })
})

/** What is refused of each option of a service, whatever its store. */
const SERVICE_OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  idleTimeout: [...REFUSED_DURATIONS, null],
  absoluteTimeout: [...REFUSED_DURATIONS, null],
  touchInterval: [...REFUSED_DURATIONS.filter((value) => value !== 0 && value !== "9ms"), "2d", null],
  timeout: [...REFUSED_DURATIONS, "61s", null],
  maxSessionsPerUser: [...REFUSED_LIMITS, null],
  onLimit: [...REFUSED_WORDS, null],
  schema: [null, 5, MARKER, {}, [], () => 1, { "~standard": {} }, { "~standard": { validate: 1 } }, hostileProxy()],
  schemaVersion: [0, -1, 1.5, 65_536, "1", MARKER, true, null],
  upgrade: [5, MARKER, {}, null],
  keyPrefix: [...NO_TEXT, "{", "}", `{${MARKER}}`, "*", "?", "[", " ", "\n", "\u0000", "é", MARKER.repeat(8), null],
  secrets: [
    null,
    MARKER,
    `${MARKER}${"x".repeat(40)}`,
    [],
    {},
    [MARKER],
    [5],
    ["sha256"],
    [`${MARKER}-0123456789-abcdefghijk`, `${MARKER}-0123456789-abcdefghijk`],
    [MARKER.charAt(0).repeat(40)],
    Array.from({ length: 9 }, (_, n) => `${MARKER}-0123456789-abcdefghijk${n}`),
  ],
  clock: [null, 5, MARKER, {}, { now: 5 }, () => 1],
  onEvent: [5, MARKER, {}, null],
  logger: [5, MARKER, {}, { warn: 5 }, { warn: MARKER }, null],
  [MARKER]: [1],
}

const STORES: readonly unknown[] = [
  ...NO_TEXT,
  null,
  undefined,
  "",
  "memory",
  "MEMORY:",
  "memory:x",
  "sqlite:",
  "sqlite::memory:",
  `sqlite:${MARKER}\u0000`,
  `sqlite://${MARKER}/x`,
  `http://${MARKER}`,
  `postgres://user:${MARKER}@host/db`,
  "redis://",
  "redis:",
  `redis://user:${MARKER}@127.0.0.1:99999`,
  `redis://user:${MARKER}@127.0.0.1:abc`,
  `redis://user:${MARKER}@127.0.0.1/x`,
  `redis://user:${MARKER}@127.0.0.1/-1`,
  `redis://${MARKER}@127.0.0.1`,
  `redis://user:${MARKER}@127.0.0.1?db=1`,
  `redis://user:${MARKER}@127.0.0.1#x`,
  `redis://user:${MARKER}%@127.0.0.1`,
  `redis://user:${MARKER} @127.0.0.1`,
  `redis://user:${MARKER}/x@127.0.0.1`,
  new Date(),
  new Map(),
  Promise.resolve({}),
  { sendCommand: () => Promise.resolve(MARKER) },
  { get: () => MARKER },
]

async function acceptedByService(values: readonly unknown[], optionsOf: (value: unknown) => unknown): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const value of values) {
    const outcome = await outcomeOf(() => createSessionService(optionsOf(value) as never), ["ERR_CONFIG_INVALID"])
    if (outcome.kind !== "refused") wrong.push(`${nameOf(value)}: ${outcome.kind === "breach" ? outcome.what : "accepted"}`)
    if (outcome.kind === "answered") await (outcome.value as { close(): Promise<void> }).close()
  }
  return wrong
}

describe("createSessionService", () => {
  it.each(Object.entries(SERVICE_OPTIONS))("refuses a bad %s", async (option, values) => {
    expect(await acceptedByService(values, (value) => ({ store: "memory:", [option]: value }))).toEqual([])
  })

  it("refuses what is no store", async () => {
    expect(await acceptedByService(STORES, (store) => ({ store }))).toEqual([])
  })

  it("refuses what is no object of options", async () => {
    expect(await acceptedByService([undefined, ...REFUSED_OPTIONS, "memory:", {}], (value) => value)).toEqual([])
  })

  it("refuses options that throw when they are read, without what they threw", async () => {
    const throws = { get: () => expect.fail(MARKER), enumerable: true }
    const values = [
      hostileProxy(),
      ...["store", ...Object.keys(SERVICE_OPTIONS)].map((option) => Object.defineProperty(option === "store" ? {} : { store: "memory:" }, option, throws)),
    ]
    expect(await acceptedByService(values, (value) => value)).toEqual([])
  })

  it("refuses a clock together with Redis", async () => {
    expect(await acceptedByService([{ now: () => 0 }], (clock) => ({ store: "redis://127.0.0.1:1", clock }))).toEqual([])
  })

  it("opens nothing when an option is bad: no file is made, no connection asked for", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-options-"))
    let connections = 0
    const listener = createServer((socket) => {
      connections += 1
      socket.destroy()
    })
    listener.listen(0, "127.0.0.1")
    await once(listener, "listening")
    const address = listener.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    for (const [option, [value]] of Object.entries(SERVICE_OPTIONS)) {
      const file = join(folder, `${option}.db`)
      expect(await acceptedByService([value], () => ({ store: `sqlite:${file}`, [option]: value }))).toEqual([])
      expect(existsSync(file)).toBe(false)
      expect(await acceptedByService([value], () => ({ store: `redis://127.0.0.1:${port}`, [option]: value }))).toEqual([])
    }
    expect(connections).toBe(0)
    listener.close()
    rmSync(folder, { recursive: true })
  })
})
