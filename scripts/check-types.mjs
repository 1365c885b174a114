// Checks the types of src (tests included), service, reliability and bench with the project's compiler, then again with TypeScript 7.
// Both see the library through its package: build first (npm run types does).
import { spawn } from "node:child_process"
import { once } from "node:events"

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

const passed = await Promise.all(COMPILERS.map(passes))
process.exitCode = passed.every(Boolean) ? 0 : 1

async function passes(compiler) {
  let passed = true
  for (const project of PROJECTS) {
    // Not incrementally: which types TypeScript 6 takes for alike depends on the order in which it looks at files, and that on what changed since.
    const args = [compiler.program, "-p", project.config, "--noEmit", "--incremental", "false"]
    const [status] = await once(spawn("node", args, { stdio: "inherit" }), "exit")
    console.log(`${project.name}, TypeScript ${compiler.name}: ${status === 0 ? "ok" : "failed"}`)
    passed &&= status === 0
  }
  return passed
}
