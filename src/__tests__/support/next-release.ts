import { createHash } from "node:crypto"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { createSessionService } from "../../exports/index.js"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))

/** A later release of this library, beside this one. */
export interface NextRelease {
  readonly createSessionService: typeof createSessionService
  remove(): void
}

/**
 * The built library once more, as a later release might be: every script has another source and therefore another SHA-1, and each new record has a
 * field that this release does not know.
 */
export async function nextRelease(): Promise<NextRelease> {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-next-"))
  cpSync(join(ROOT, "dist"), join(folder, "dist"), { recursive: true })
  writeFileSync(join(folder, "package.json"), '{"type":"module"}')
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  change(
    join(folder, "dist/infrastructure/redis/scripts/scripts.generated.js"),
    /sha1: "[0-9a-f]{40}",(\s+readOnly: \w+,\s+)source: (".*"),/g,
    (_all, between, text) => {
      const source = `${JSON.parse(text)}\n-- the next release`
      return `sha1: "${createHash("sha1").update(source).digest("hex")}",${between}source: ${JSON.stringify(source)},`
    },
  )
  change(join(folder, "dist/infrastructure/services/session/record-json.js"), /function renderFixed\(/, () => {
    const later = '"later":{"why":["a field of the next release"]},'
    return `function renderFixed(...fields) {
      return thisRelease(...fields) + '${later}'
    }
    function thisRelease(`
  })
  const { createSessionService } = (await import(pathToFileURL(join(folder, "dist/exports/index.js")).href)) as Omit<NextRelease, "remove">
  return { createSessionService, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function change(file: string, pattern: RegExp, by: (...match: string[]) => string): void {
  const before = readFileSync(file, "utf8")
  const after = before.replace(pattern, by)
  if (after === before) throw new Error(`Expected something to change in ${file}`)
  writeFileSync(file, after)
}
