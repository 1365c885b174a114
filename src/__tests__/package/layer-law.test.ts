import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** Each file breaks the rule that it is listed under. */
const OFFENDERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "shared-is-a-leaf": { "src/shared/leaf.ts": 'import { randomBytes } from "node:crypto"\nexport const leaf = randomBytes\n' },
  "domain-is-pure": { "src/domain/pure.ts": 'import type { leaf } from "../infrastructure/leaf.js"\nexport type Pure = typeof leaf\n' },
  "application-uses-ports": { "src/application/use.ts": 'import ms from "ms"\nexport const use = ms\n' },
  "infrastructure-implements-ports": { "src/infrastructure/leaf.ts": 'import { use } from "../application/use.js"\nexport const leaf = use\n' },
  "web-knows-no-framework": { "src/web/late.ts": 'import { leaf } from "../infrastructure/leaf.js"\nexport const late = leaf\n' },
  "doors-hold-no-rules": { "src/doors/leaf.ts": 'import { leaf } from "../infrastructure/leaf.js"\nexport const door = leaf\n' },
  "doors-load-no-framework": { "src/doors/koa.ts": 'import Koa from "koa"\nexport const koa = Koa\n' },
  "each-door-has-its-framework": { "src/doors/hono.ts": 'import type { Request } from "express"\nexport type Hono = Request\n' },
  "the-websocket-door-has-ws": { "src/doors/websocket.ts": 'import type { Context } from "hono"\nexport type Socket = Context\n' },
  "drop-ins-only-translate": { "src/drop-in/leaf.ts": 'import { leaf } from "../infrastructure/leaf.js"\nexport const store = leaf\n' },
  "testing-knows-the-contract": { "src/testing/suite.ts": 'import { leaf } from "../infrastructure/leaf.js"\nexport const suite = leaf\n' },
  "config-is-the-only-composer": { "src/config/late.ts": 'import { suite } from "../testing/suite.js"\nexport const late = suite\n' },
  "exports-know-no-tests": { "src/exports/tests.ts": 'export { helper } from "../__tests__/helper.js"\n' },
  "exports-only-re-export": { "src/exports/code.ts": 'import { late } from "../config/late.js"\nexport const code = late\n' },
  "nobody-imports-exports": { "src/config/round.ts": 'import { code } from "../exports/code.js"\nexport const round = code\n' },
  "nobody-imports-tests": {
    "src/config/helped.ts": 'import { helper } from "../__tests__/helper.js"\nexport const helped = helper\n',
    "src/__tests__/helper.ts": "export const helper = 1\n",
  },
  "nobody-imports-config": { "src/infrastructure/config.ts": 'import { late } from "../config/late.js"\nexport const config = late\n' },
  "one-place-for-the-container": { "src/config/box.ts": 'import type { Injector } from "typed-inject"\nexport type Box = Injector\n' },
  "front-door-without-container": { "src/exports/index.ts": 'export type { Box } from "../config/box.js"\n' },
  "clients-load-on-demand": { "src/infrastructure/sqlite/eager.ts": 'import { DatabaseSync } from "node:sqlite"\nexport const eager = DatabaseSync\n' },
  "clients-have-one-home": { "src/config/client.ts": 'export const client = () => import("ioredis")\n' },
  "no-framework-inside": { "src/config/framework.ts": 'import { Hono } from "hono"\nexport const framework = Hono\n' },
  "no-dev-dependency": { "src/config/dev.ts": 'import * as fc from "fast-check"\nexport const dev = fc\n' },
  "lua-is-for-the-build": {
    "src/infrastructure/raw.ts": 'import raw from "./redis/lua/touch.lua"\nexport const script = raw\n',
    "src/infrastructure/redis/lua/touch.lua": "return 1\n",
  },
  "service-uses-the-package": { "service/src/main.ts": 'import { late } from "../../src/config/late.js"\nexport const main = late\n' },
  "service-tests-use-the-package": {
    "service/src/__tests__/inner.test.ts": 'import { late } from "../../../src/config/late.js"\nexport const inner = late\n',
  },
  "no-cycle": {
    "src/config/egg.ts": 'import type { Hen } from "./hen.js"\nexport type Egg = Hen\n',
    "src/config/hen.ts": 'import type { Egg } from "./egg.js"\nexport type Hen = Egg\n',
  },
  "no-orphan": { "src/config/alone.ts": "export const alone = 1\n" },
  "no-unresolved-import": { "src/config/lost.ts": 'import { found } from "./nowhere.js"\nexport const lost = found\n' },
}

let output: string
let folder: string

beforeAll(() => {
  // Inside the project, so that the offenders' packages resolve.
  mkdirSync(join(root, ".cache"), { recursive: true })
  folder = mkdtempSync(join(root, ".cache/law-"))
  for (const name of ["package.json", "tsconfig.json"]) copyFileSync(join(root, name), join(folder, name))
  for (const [path, text] of Object.values(OFFENDERS).flatMap(Object.entries)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), String(text))
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts/check-layers.mjs")], { cwd: folder, encoding: "utf8" })
  expect(status, stderr).toBe(1)
  output = stdout + stderr
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

it("every rule of the law has its offender here", async () => {
  const law = (await import(/* @vite-ignore */ join(root, ".dependency-cruiser.mjs"))) as {
    readonly default: { readonly forbidden: readonly { readonly name: string }[] }
  }
  expect(law.default.forbidden.map((rule) => rule.name).sort()).toEqual(Object.keys(OFFENDERS).sort())
})

it.each(Object.entries(OFFENDERS))("%s is found, with its remedy", (rule, files) => {
  const lines = output.split("\n")
  const found = lines.findIndex((line) => line.startsWith(`${rule}: `) && Object.keys(files).some((path) => line.includes(path)))
  expect(found, output).toBeGreaterThanOrEqual(0)
  expect(lines[found + 1]).toMatch(/^ {2}\S.+[.]$/)
})
