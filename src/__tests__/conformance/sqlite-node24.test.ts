import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const NODE_24 = fileURLToPath(new URL(`../../../.cache/node24/node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url))
const HOOKS = new URL("../support/typescript-on-node24.mjs", import.meta.url).href
const SUITE = fileURLToPath(new URL("sqlite-node24.ts", import.meta.url))

test.for(["node:sqlite", "better-sqlite3"])("the suite passes on Node 24 through %s, under node:test", { timeout: 120_000 }, async (driver) => {
  expect(existsSync(NODE_24), "Node 24 is missing: npm run servers").toBe(true)
  const args = ["--import", HOOKS, "--test-reporter=tap", SUITE]
  const child = spawn(NODE_24, args, { env: { ...process.env, COATCHECK_TEST_DRIVER: driver, NODE_OPTIONS: "" }, timeout: 110_000 })
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(output)?.[1])
  const failures = output.split("\n").filter((line) => /^\s*not ok/.test(line))
  expect(failures, `${failures.join("\n")}\n${errors}\n${output.slice(-2_000)}`).toEqual([])
  expect(child.exitCode).toBe(0)
  expect(count("fail")).toBe(0)
  expect(count("skipped")).toBe(0)
  expect(count("pass")).toBeGreaterThan(250)
})
