// Holds the code to the layer law of .dependency-cruiser.mjs, and makes sure that the law saw the code at all.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { cruise } from "dependency-cruiser"
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config"
import law from "../.dependency-cruiser.mjs"

const ROOTS = ["src", "service/src", "reliability/src", "bench/src"].filter((root) => existsSync(root))
const FEWEST_MODULES = 8

const { forbidden, options } = law
const { output } = await cruise(ROOTS, { ...options, ruleSet: { forbidden, options }, validate: true }, undefined, {
  tsConfig: extractTSConfig(options.tsConfig.fileName),
})

const seen = new Set(output.modules.map((module) => module.source))
const problems = [...violations(output.summary.violations), ...unseenFiles(), ...codeInExports()]
for (const problem of problems) console.error(problem)
console.log(`${seen.size} modules seen, ${problems.length} against the layer law`)
process.exitCode = problems.length > 0 ? 1 : 0

function violations(found) {
  const remedies = new Map(forbidden.map((rule) => [rule.name, rule.comment]))
  return found.map(({ rule, from, to, cycle }) => {
    const path = cycle ? [from, ...cycle.map((step) => step.name)].join(" → ") : from === to ? from : `${from} → ${to}`
    return `${rule.name}: ${path}\n  ${remedies.get(rule.name)}`
  })
}

// A compiler that the cruiser does not know makes it see nothing and find nothing wrong.
function unseenFiles() {
  const files = ROOTS.flatMap((root) => sourcesIn(root))
  const unseen = files.filter((file) => !seen.has(file)).map((file) => `not seen by the law: ${file}`)
  return files.length < FEWEST_MODULES ? [...unseen, `expected at least ${FEWEST_MODULES} modules, found ${files.length}`] : unseen
}

function sourcesIn(root) {
  return readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(root, name))
}

function codeInExports() {
  const onlyReExports = /^(\s*export\s+(type\s+)?\{[^}]*\}\s+from\s+"[^"]+")*\s*$/
  const doors = existsSync("src/exports") ? sourcesIn("src/exports") : []
  return doors
    .filter((door) => !onlyReExports.test(readFileSync(door, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")))
    .map((door) => `exports-only-re-export: ${door}\n  Write explicit \`export { … } from "…"\` and nothing else.`)
}
