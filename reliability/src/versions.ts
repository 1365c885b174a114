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

/**
 * Asks this machine.
 *
 * @param packages whose versions are told
 * @param from the file that they are looked for from
 */
export function readVersions(packages: readonly string[] = PACKAGES, from: string = import.meta.url): Versions {
  const [cpu] = cpus()
  const machine = `${platform()} ${release()} ${arch()}, ${cpus().length} × ${cpu?.model.trim() ?? "?"}, ${(totalmem() / GIBIBYTE).toFixed(1)} GiB`
  return {
    node: process.version,
    machine,
    servers: Object.fromEntries(PROGRAMS.map((program) => [program, versionOf(program)])),
    packages: Object.fromEntries(packages.map((name) => [name, packageVersion(name, from)])),
  }
}

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" })
  return /v=(\S+)/.exec(stdout ?? "")?.[1] ?? "not installed"
}

function packageVersion(name: string, from: string): string {
  // Some packages do not export their package.json, but all lie in one of the folders where it would be looked for.
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    try {
      return String((JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version?: unknown }).version)
    } catch {}
  }
  return "not installed"
}
