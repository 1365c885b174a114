// Checks what would be published: publint, are-the-types-wrong on the packed tarball, and knip for what nothing uses.
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync } from "node:fs"

const FOLDER = ".cache/package"

const results = [run("npx", ["--no-install", "publint", "--strict"]), typesOfTarball(), run("npx", ["--no-install", "knip"])]
process.exitCode = results.every((status) => status === 0) ? 0 : 1

function typesOfTarball() {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const { status, stdout } = spawnSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", FOLDER], { encoding: "utf8" })
  if (status !== 0) return 1
  const [{ filename }] = JSON.parse(stdout)
  return run("npx", ["--no-install", "attw", "--profile", "esm-only", `${FOLDER}/${filename}`])
}

function run(command, args) {
  console.log(`-- ${[command, ...args].join(" ")}`)
  return spawnSync(command, args, { stdio: "inherit" }).status ?? 1
}
