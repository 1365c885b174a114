import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { arch, cpus, platform, release, totalmem } from "node:os"

const PROGRAMS = ["redis-server", "valkey-server"] as const
const PACKAGES = ["coatcheck", "redis", "ioredis"] as const
const GIBIBYTE = 2 ** 30

/** What a result was made with. */
export interface Versions {
  readonly node: string
  readonly machine: string
  /** As the programs themselves tell it. */
  readonly servers: Readonly<Record<string, string>>
  readonly packages: Readonly<Record<string, string>>
}

/** Asks this machine. */
export function readVersions(): Versions {
  const [cpu] = cpus()
  const machine = `${platform()} ${release()} ${arch()}, ${cpus().length} × ${cpu?.model.trim() ?? "?"}, ${(totalmem() / GIBIBYTE).toFixed(1)} GiB`
  return {
    node: process.version,
    machine,
    servers: Object.fromEntries(PROGRAMS.map((program) => [program, versionOf(program)])),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
  }
}

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" })
  return /v=(\S+)/.exec(stdout ?? "")?.[1] ?? "not installed"
}

function packageVersion(name: string): string {
  // Some packages do not export their package.json, but all lie in one of the folders where it would be looked for.
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      return String((JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version?: unknown }).version)
    } catch {}
  }
  return "not installed"
}
