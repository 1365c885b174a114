import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, it } from "vitest"
import { nodeSqlite } from "../../infrastructure/sqlite/drivers.js"
import { isBusy, storeFailure } from "../../infrastructure/sqlite/failures.js"
import { compileSources } from "./compiled-sources.js"
import { startProcess } from "./processes.js"
import { sessionFile } from "./session-file.js"

const PROJECT = fileURLToPath(new URL("../../../", import.meta.url))
/** `npm run servers` puts it there, with better-sqlite3 beside it. */
const NEWER_NODE = `${PROJECT}.cache/node24/`

let sources: ReturnType<typeof compileSources>
beforeAll(() => {
  sources = compileSources()
})
afterAll(() => sources.remove())

const OWN = process.versions.node.split(".")[0]
it.each([
  { driver: "libsql", major: OWN, folder: PROJECT, node: process.execPath },
  { driver: "node:sqlite", major: "24", folder: NEWER_NODE, node: `${NEWER_NODE}node_modules/node-${process.platform}-${process.arch}/bin/node` },
  { driver: "better-sqlite3", major: "24", folder: NEWER_NODE, node: `${NEWER_NODE}node_modules/node-${process.platform}-${process.arch}/bin/node` },
])("$driver on Node $major keeps the contract, quietly", async ({ driver, major, folder, node }) => {
  expect(existsSync(node), `Expected ${node}: run npm run servers`).toBe(true)
  await using file = sessionFile()
  await using walker = startProcess(sources.folder, "walk", { file: file.path, driver, modules: `${folder}package.json` }, { node })
  expect(await walker.next()).toEqual({
    driver,
    node: major,
    attributes: { list: [1], big: Number.MAX_SAFE_INTEGER, text: "\u2028\ud83d\ude00" },
    version: 2,
    rotated: true,
    old: null,
    evicted: true,
    listed: 2,
    live: 3,
    ended: 2,
    events: ["created", "created", "rotated", "wrong-secret", "created", "created", "ended", "ended", "ended"],
  })
  expect(walker.complaints()).toBe("")
})

it("Node's own driver is offered exactly where Node has it", () => {
  expect(nodeSqlite()?.name).toBe(process.getBuiltinModule("node:sqlite") === undefined ? undefined : "node:sqlite")
})

// How each driver tells the same result of SQLite.
const told = (code: number, name: string): readonly object[] => [
  Object.assign(new Error("database detail"), { code: "ERR_SQLITE_ERROR", errcode: code }),
  Object.assign(new Error("database detail"), { code: name }),
  Object.assign(new Error("database detail"), { code: name, rawCode: code }),
]

it.each([
  { name: "SQLITE_BUSY_RECOVERY", code: 261, busy: true, becomes: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" },
  { name: "SQLITE_LOCKED", code: 6, busy: true, becomes: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" },
  { name: "SQLITE_FULL", code: 13, busy: false, becomes: "ERR_STORE_REFUSED", outcome: "not-applied" },
  { name: "SQLITE_READONLY_DBMOVED", code: 1032, busy: false, becomes: "ERR_STORE_REFUSED", outcome: "not-applied" },
  { name: "SQLITE_IOERR_WRITE", code: 778, busy: false, becomes: "ERR_STORE_UNAVAILABLE", outcome: "unknown" },
  { name: "SQLITE_CORRUPT", code: 11, busy: false, becomes: "ERR_STORE_PROTOCOL", outcome: "unknown" },
  { name: "SQLITE_NOTADB", code: 26, busy: false, becomes: "ERR_STORE_PROTOCOL", outcome: "unknown" },
  { name: "SQLITE_CONSTRAINT_PRIMARYKEY", code: 1555, busy: false, becomes: "ERR_STORE_PROTOCOL", outcome: "unknown" },
])("$name becomes $becomes, whichever driver tells it", ({ name, code, busy, becomes, outcome }) => {
  for (const error of told(code, name)) {
    expect(isBusy(error)).toBe(busy)
    expect(storeFailure(error, true)).toMatchObject({ code: becomes, outcome })
    expect(storeFailure(error).message).not.toContain("detail")
  }
})
