// Finds or installs what the tests run against: redis-server, valkey-server, Chromium, and a newer Node with its SQLite drivers.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { offerHelp } from "./help.mjs"

// The lowest major versions that have everything the library's scripts use; the browser's knows the prefix __Host-Http-.
const PROGRAMS = [
  { program: "redis-server", lowest: 7, version: / v=(\d+)\./ },
  { program: "valkey-server", lowest: 8, version: / v=(\d+)\./ },
  { program: process.env.CHROMIUM ?? "chromium", lowest: 140, version: /^\S+ (\d+)\./ },
]
const NEWER_NODE = fileURLToPath(new URL("../.cache/node24/", import.meta.url))
const POLICY = "/usr/sbin/policy-rc.d"

offerHelp(`npm run servers

Finds or installs what the tests run against: redis-server, valkey-server and Chromium as packages of Debian, where it may, and a newer Node with its
SQLite drivers in .cache. What is there already is left as it is. CHROMIUM names another browser.`)

try {
  preparePrograms()
  prepareNewerNode()
} catch (error) {
  console.error(`servers: ${error.message}`)
  process.exitCode = 1
}

function preparePrograms() {
  const missing = PROGRAMS.filter((wanted) => majorOf(wanted) === undefined).map(({ program }) => program)
  if (missing.length > 0) {
    if (!mayInstall())
      fail(`${missing.join(" and ")} not found. Install with: apt-get install ${missing.join(" ")}   (Debian 13 or later; the tests start them by themselves)`)
    install(missing)
  }
  for (const { program, lowest, version } of PROGRAMS) {
    const major = majorOf({ program, version })
    if (major === undefined) fail(`${program} was installed but does not run. Try: ${program} --version`)
    if (major < lowest) fail(`${program} ${lowest} or later is needed, found ${major}. Install a newer one and put it first in PATH.`)
  }
}

/** @returns {number | undefined} the program's major version, or undefined when it is not there */
function majorOf({ program, version }) {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" })
  return status === 0 ? Number(version.exec(stdout)?.[1] ?? Number.NaN) : undefined
}

function mayInstall() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version")
}

function install(programs) {
  // Debian starts a service as soon as it is installed, unless this policy forbids it.
  const ownPolicy = !existsSync(POLICY)
  if (ownPolicy) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 })
  try {
    console.log("servers: apt-get update")
    apt(["update", "-qq"])
    console.log(`servers: apt-get install ${programs.join(" ")}`)
    apt(["install", "-y", "-qq", "--no-install-recommends", ...programs])
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true })
  }
}

function apt(args) {
  const { status, stdout, stderr } = spawnSync("apt-get", args, { encoding: "utf8", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } })
  if (status !== 0)
    fail(
      `apt-get ${args[0]} failed. Install ${PROGRAMS.map(({ program }) => program).join(" and ")} yourself, then run this again.\n${(stderr || stdout || "").trim()}`,
    )
}

function prepareNewerNode() {
  const node = `${NEWER_NODE}node_modules/node-${process.platform}-${process.arch}/bin/node`
  const ready = () => spawnSync(node, ["-e", "require('node:sqlite'); require('better-sqlite3')"], { cwd: NEWER_NODE }).status === 0
  if (ready()) return
  console.log("servers: fetching Node 24 and better-sqlite3 for the SQLite tests (once, about 200 MB)")
  // In a folder of its own: in the project's node_modules it would take the place of the Node that runs the scripts.
  mkdirSync(NEWER_NODE, { recursive: true })
  const packages = [`node-${process.platform}-${process.arch}@24`, "better-sqlite3@13"]
  const flags = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", "--prefix", NEWER_NODE]
  const { status, stderr } = spawnSync("npm", ["install", ...flags, ...packages], { cwd: NEWER_NODE, encoding: "utf8" })
  if (status !== 0 || !ready()) fail(`could not prepare Node 24 in .cache/node24. With a network, run: npm run servers\n${(stderr ?? "").trim()}`)
}

function fail(message) {
  throw new Error(message)
}
