import { describe, expect, it } from "vitest"
import { type DifferentialSettings, runDifferential } from "../differential/run-differential.js"
import type { Row } from "../layer.js"
import { SCRIPTS } from "../simulation/store/StoreEngine.js"
import type { ScriptFunction } from "../simulation/store/script.js"

/** Compares on Redis, with some functions in the place of the right ones. */
async function compare(functions: Readonly<Record<string, ScriptFunction>> = {}, settings: Partial<DifferentialSettings> = {}): Promise<Row> {
  const rows = await runDifferential({
    seed: 3,
    scale: "quick",
    rows: ["redis"],
    signal: new AbortController().signal,
    onProgress: () => undefined,
    functions: { ...SCRIPTS, ...functions },
    least: 1_500,
    ...settings,
  })
  expect(rows).toHaveLength(1)
  return rows[0] as Row
}

function script(name: string): ScriptFunction {
  const found = SCRIPTS[name]
  if (found === undefined) throw new Error(`Expected a script of the name ${name}`)
  return found
}

it("finds no difference on either server, and sees every script and every status", { timeout: 600_000 }, async () => {
  for (const kind of ["redis", "valkey"]) {
    const { verdict, why, figures } = await compare({}, { rows: [kind], least: undefined })
    expect({ why, verdict }).toEqual({ why: [], verdict: "passed" })
    expect(figures["operations compared"]).toBeGreaterThanOrEqual(5_000)
    expect(figures["differences"]).toBe(0)
    expect(figures["creations together that were told of more"]).toBeGreaterThan(0)
    for (const name of Object.keys(SCRIPTS)) expect([name, Number(figures[name]) > 20]).toEqual([name, true])
  }
})

const PLANTED: Readonly<Record<string, Readonly<Record<string, ScriptFunction>>>> = {
  "a touch that leaves the deadline": {
    "session-touches": (keys, names, args) => {
      const before = keys.find(names[0] ?? "")
      const reply = script("session-touches")(keys, names, args)
      const after = keys.find(names[0] ?? "")
      if (before?.expiresAt !== undefined && after?.type === "string") keys.restore(names[0] ?? "", { ...after, expiresAt: before.expiresAt })
      return reply
    },
  },
  "a byte of a record": {
    "session-extend": (keys, names, args) => {
      const reply = script("session-extend")(keys, names, args)
      if (Array.isArray(reply) && reply[0] === 0) keys.setRange(names[0] ?? "", 31, ";")
      return reply
    },
  },
  "a score that is one off": {
    "index-heal": (keys, names, args) => {
      const reply = script("index-heal")(keys, names, args)
      const [index = "", session = ""] = names
      const id = session.slice(-22)
      const score = keys.find(index)?.type === "zset" ? keys.members(index).score(id) : undefined
      if (score !== undefined) keys.zadd(index, score + 1, id)
      return reply
    },
  },
  "a list that never ends": {
    "session-create": (keys, names, args) => {
      const reply = script("session-create")(keys, names, args)
      const list = names[1] === undefined ? undefined : keys.find(names[1])
      if (list?.type === "zset") keys.restore(names[1] ?? "", { ...list, expiresAt: undefined })
      return reply
    },
  },
  "a status in the place of another": {
    "session-update": (keys, names, args) => {
      const reply = script("session-update")(keys, names, args)
      return Array.isArray(reply) && reply[0] === 6 ? [4, ...reply.slice(1)] : reply
    },
  },
  "a cursor that skips a session, where creations together are told of more": {
    "session-creates": (keys, names, args) => {
      const reply = script("session-creates")(keys, names, args)
      if (!Array.isArray(reply)) return reply
      return reply.map((one: unknown) =>
        Array.isArray(one) && one[0] === 5 ? [...one.slice(0, 2), `${String(one[2])}1`, ...one.slice(3)] : one,
      ) as typeof reply
    },
  },
  "a key that nobody looks at": {
    "session-delete": (keys, names, args) => {
      const reply = script("session-delete")(keys, names, args)
      if (Array.isArray(reply) && reply[0] === 0) keys.set("aside", "1", 60_000)
      return reply
    },
  },
}

describe("finds", () => {
  it.each(Object.keys(PLANTED))("%s", { timeout: 600_000 }, async (name) => {
    const { verdict, figures, why } = await compare(PLANTED[name])
    expect(verdict).toBe("failed")
    expect(figures["differences"]).toBeGreaterThan(0)
    expect(why.join("\n")).toContain("really")
  })
})

it("fails when a script is none of the simulation's, and says which", { timeout: 600_000 }, async () => {
  const { "index-lists": gone, ...rest } = SCRIPTS
  expect(gone).toBeDefined()
  const { verdict, why } = await compare(rest, { functions: rest })
  expect(verdict).toBe("failed")
  expect(why.join("\n")).toContain("index-lists")
})
