import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))

/** Every page that is written for readers. */
const PAGES = [...readdirSync(ROOT), ...filesIn("docs")].filter((path) => path.endsWith(".md"))

const SOURCES = ["src", "service/src", "reliability/src", "scripts", "docs", "examples"].flatMap(filesIn)

/** A text in backquotes that names a file or folder from the root on; one with a placeholder or a pattern in it does not. */
const NAMED_FROM_ROOT = /^(?:src|service|reliability|docs|scripts|examples|\.ci)\/[\w./-]*$/
/** One that names a file by the end of its path. */
const NAMED_BY_END = /^[\w.][\w./-]*\.(?:md|json|mjs|ts|lua)$/

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name))
}

function read(page: string): string {
  return readFileSync(join(ROOT, page), "utf8")
}

/** The text outside of code blocks, whose contents are not links. */
function prose(page: string): string {
  return read(page).replaceAll(/^```[\s\S]*?^```$/gm, "")
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found]) => found ?? "")
}

/** The anchors that GitHub gives to the headings of a page. */
function anchors(page: string): string[] {
  return matches(prose(page), /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  )
}

function isBrokenLink(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#")
  const file = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), decodeURIComponent(path)))
  if (!existsSync(join(ROOT, file))) return true
  return anchor !== undefined && !anchors(file).includes(anchor)
}

it("there are pages to check", () => {
  expect(PAGES).toEqual(expect.arrayContaining(["README.md", "ARCHITECTURE.md", "docs/keys.md", "docs/http-api.md", "docs/adr/0002-atomic-steps.md"]))
})

it.each(PAGES)("%s: every relative link leads somewhere", (page) => {
  const links = matches(prose(page), /\]\(([^)\s]+)\)/g).filter((target) => !/^https:\/\//.test(target))
  expect(links.filter((target) => isBrokenLink(page, target))).toEqual([])
})

it.each(PAGES)("%s: every file that is named exists", (page) => {
  const isThere = (text: string): boolean => existsSync(join(ROOT, text)) || SOURCES.some((path) => path.endsWith(`/${text}`))
  const named = matches(prose(page), /`([^`\n]+)`/g).filter((text) => NAMED_FROM_ROOT.test(text) || NAMED_BY_END.test(text))
  expect(named.filter((text) => !isThere(text))).toEqual([])
})

it("pages that the sources name exist", () => {
  const sources = SOURCES.filter((path) => /\.(ts|mjs|lua)$/.test(path))
  const named = sources.flatMap((path) => matches(read(path), /\b(docs\/[\w./-]+\.md)\b/g).map((target) => ({ path, target })))
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter(({ target }) => !existsSync(join(ROOT, target)))).toEqual([])
})

it("every npm script that a page tells to run exists", () => {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> }
  const told = PAGES.flatMap((page) => matches(read(page), /\bnpm run ([a-z][\w:-]*)/g).map((name) => ({ page, name })))
  expect(told.length).toBeGreaterThan(3)
  expect(told.filter(({ name }) => scripts[name] === undefined)).toEqual([])
})

it("the table of commands in CONTRIBUTING.md names every npm script", () => {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> }
  const table = matches(read("CONTRIBUTING.md"), /^\| (`.*?`) \|/gm).flatMap((cell) => matches(cell, /`(?:run )?([a-z][\w:-]*)`/g))
  // Scripts that npm runs by itself, before another one, are nobody's to run.
  const own = Object.keys(scripts).filter((name) => !(name.startsWith("pre") && (scripts[name.slice(3)] !== undefined || name === "prepack")))
  expect([...table].sort()).toEqual([...own].sort())
})

it("the README's transcript is that of docs/http-api.md", () => {
  const [transcript] = matches(read("docs/http-api.md"), /(```console\n[\s\S]*?```)/g)
  const [shown] = matches(read("README.md"), /<!-- transcript -->\n([\s\S]*?)\n<!-- \/transcript -->/g)
  expect(shown).toBeTruthy()
  expect(shown).toBe(transcript)
})
