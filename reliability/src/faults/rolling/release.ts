import { createHash } from "node:crypto"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { atExit } from "../../at-exit.js"
import { PROJECT_ROOT, projectFile } from "../../project-root.js"
import type { ClientName } from "../../workloads/store-clients.js"

const SCRIPTS = "dist/infrastructure/redis/scripts/scripts.generated.js"
const SCRIPT = /sha1: "([0-9a-f]{40})",(\s+readOnly: \w+,\s+)source: (".*"),/g
/** What a URL's client is taken from; the first that is there. */
const CLIENT_PACKAGES = ["@redis", "redis", "ioredis", "iovalkey"]
const PACKAGES_OF: Readonly<Record<ClientName, readonly string[]>> = { "node-redis": ["@redis", "redis"], ioredis: ["ioredis"] }

/** A built release of the HTTP service with its library, in a folder of its own. */
export interface Release extends Disposable {
  /** The program that serves. */
  readonly main: string
  /** By which a server knows its scripts. */
  readonly scripts: readonly string[]
}

/** Copies what was built. @param isNext with another source of every script, and therefore another SHA-1, as in a later release */
export function makeRelease(client: ClientName, isNext: boolean): Release {
  projectFile("service/dist/main.js")
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-reliability-release-"))
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  const forget = atExit(remove)
  for (const part of ["package.json", "dist", "service/package.json", "service/dist"]) cpSync(join(PROJECT_ROOT, part), join(folder, part), { recursive: true })
  linkPackages(join(folder, "node_modules"), client)
  symlinkSync(folder, join(folder, "node_modules/coatcheck"))
  const file = join(folder, SCRIPTS)
  const built = readFileSync(file, "utf8")
  const text = isNext ? built.replace(SCRIPT, (_all, _sha1, between: string, source: string) => nextScript(between, source)) : built
  writeFileSync(file, text)
  return {
    main: join(folder, "service/dist/main.js"),
    scripts: [...text.matchAll(SCRIPT)].map(([, sha1 = ""]) => sha1),
    [Symbol.dispose]: () => {
      remove()
      forget()
    },
  }
}

function nextScript(between: string, source: string): string {
  const next = `${JSON.parse(source)}\n-- the next release`
  return `sha1: "${createHash("sha1").update(next).digest("hex")}",${between}source: ${JSON.stringify(next)},`
}

function linkPackages(folder: string, client: ClientName): void {
  mkdirSync(folder)
  const others = CLIENT_PACKAGES.filter((name) => !PACKAGES_OF[client].includes(name))
  for (const name of readdirSync(join(PROJECT_ROOT, "node_modules"))) {
    if (name === "coatcheck" || name.startsWith(".") || others.includes(name)) continue
    symlinkSync(join(PROJECT_ROOT, "node_modules", name), join(folder, name))
  }
}
