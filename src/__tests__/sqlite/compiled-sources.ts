import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { transpileModule } from "typescript"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
/** ES2023 and ES modules, by the compiler's numbers. */
const TARGET = { target: 10, module: 99 } as const

/** The library's sources as JavaScript in a folder of their own, so that processes of a test run what stands there now, whether or not it was built. */
export function compileSources(): { readonly folder: string; remove(): void } {
  mkdirSync(join(ROOT, ".cache"), { recursive: true })
  // Within the project, where its dependencies are found.
  const folder = mkdtempSync(join(ROOT, ".cache", "compiled-"))
  for (const name of readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts") || name.startsWith("__tests__")) continue
    const target = join(folder, name.replace(/\.ts$/, ".js"))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, transpileModule(readFileSync(join(ROOT, "src", name), "utf8"), { compilerOptions: TARGET }).outputText)
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
