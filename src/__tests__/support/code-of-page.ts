import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const DOCS = fileURLToPath(new URL("../../../docs", import.meta.url))

/** The code of a page, each block going on where the one before ended. @param page without its extension, e.g. guides/express */
export function codeOfPage(page: string): readonly string[] {
  const text = readFileSync(join(DOCS, `${page}.md`), "utf8")
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? "")
}
