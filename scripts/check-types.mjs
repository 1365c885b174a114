// Checks the types of src (tests included), service, reliability and bench with the project's compiler, then again with TypeScript 7.
// Both see the library through its package: build first (npm run types does).
import { spawnSync } from "node:child_process"

const COMPILERS = [
  { name: "6", program: "node_modules/typescript/bin/tsc" },
  { name: "7", program: "node_modules/typescript-7/bin/tsc" },
]
const PROJECTS = [
  { name: "src", config: "tsconfig.json" },
  // What runs in pages needs the types of a browser, which the library must not see.
  { name: "browser", config: "src/__tests__/browser/tsconfig.json" },
  { name: "service", config: "service/tsconfig.check.json" },
  { name: "reliability", config: "reliability/tsconfig.check.json" },
  { name: "bench", config: "bench/tsconfig.check.json" },
]

let failed = false
for (const compiler of COMPILERS) {
  for (const project of PROJECTS) {
    const memory = `.cache/types/${project.name}-${compiler.name}.tsbuildinfo`
    const status = run("node", [compiler.program, "-p", project.config, "--noEmit", "--incremental", "--tsBuildInfoFile", memory])
    console.log(`${project.name}, TypeScript ${compiler.name}: ${status === 0 ? "ok" : "failed"}`)
    failed ||= status !== 0
  }
}
process.exitCode = failed ? 1 : 0

function run(command, args) {
  return spawnSync(command, args, { stdio: "inherit" }).status ?? 1
}
