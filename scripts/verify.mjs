// npm run verify: everything that must hold before a change is merged, in the order of how fast it answers. The first step that fails ends it.
import { spawnSync } from "node:child_process"
import { closeWithCount } from "./count-line.mjs"
import { offerHelp } from "./help.mjs"

const STEPS = [
  { title: "Format", script: "format" },
  // Once for all that follow, which build by themselves when they are run alone.
  { title: "Build", script: "build:checked" },
  { title: "Lint", script: "lint" },
  { title: "Types", script: "types" },
  { title: "Layers", script: "layers" },
  { title: "Package", script: "package" },
  { title: "Tests", script: "test" },
]

offerHelp(`npm run verify

Everything that must hold before a change is merged, about a quarter of an hour:
${STEPS.map(({ title, script }) => `  ${title.padEnd(9)}npm run ${script}`).join("\n")}

The first step that fails ends it. The last line is "N passed, N failed".`)

for (const { title, script } of STEPS) {
  console.log(`\n== ${title} (npm run ${script})`)
  // Without what npm would run before each.
  const { status } = spawnSync("npm", ["run", "--silent", "--ignore-scripts", script], { stdio: "inherit" })
  if (status === 0) continue
  // The tests close with their own count.
  if (script !== "test") closeWithCount([{ passed: 0, failed: 1, complaints: [`verify: ${title} failed (npm run ${script}); no test ran`] }])
  process.exitCode = 1
  break
}
