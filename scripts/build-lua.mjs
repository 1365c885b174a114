// Checks the scripts of src/infrastructure/redis/lua against their headers, resolves their includes, and writes
// scripts.generated.ts and the table of docs/keys.md. `--check` writes nothing and fails when something would change.
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const ROOT = join(import.meta.dirname, "..")
const LUA = join(ROOT, "src/infrastructure/redis/lua")
const GENERATED = join(ROOT, "src/infrastructure/redis/scripts/scripts.generated.ts")
const KEYS_PAGE = join(ROOT, "docs/keys.md")
const MAX_LINES = 100
const FORBIDDEN = [/redis\.call\('KEYS'/, /cjson/, /redis\.call\('SCAN'/, /os\.time/]

function fail(file, problem) {
  throw new Error(`${file}: ${problem}`)
}

function parseHeader(name, text) {
  const header = /--\[\[\n([\s\S]*?)\]\]\n/.exec(text)?.[1] ?? fail(name, "the header --[[ … ]] is missing")
  const fields = {}
  let field = ""
  for (const line of header.split("\n")) {
    const begin = /^ {2}(\w+) {2,}(.*)$/.exec(line)
    if (begin) {
      field = begin[1]
      fields[field] = [begin[2]]
    } else if (line.trim() !== "") fields[field]?.push(line.trim())
  }
  for (const needed of ["does", "keys", "returns", "effects", "cost"]) if (!fields[needed]) fail(name, `the header has no "${needed}"`)
  return fields
}

/** "1 session …" and "4.. verifiers …" as places; the last may stand for all that follow. */
function places(name, lines) {
  if (lines?.[0] === "none") return []
  return (lines ?? []).map((line, at) => {
    const [, number, more, word] = /^(\d+)(\.\.)? (\w+)/.exec(line) ?? fail(name, `cannot read "${line}"`)
    if (Number(number) !== at + 1) fail(name, `expected place ${at + 1}, got ${number}`)
    return { number: Number(number), variadic: more !== undefined, word, line }
  })
}

function checkUse(name, code, array, declared) {
  const used = new Set([...code.matchAll(new RegExp(`${array}\\[(\\d+)\\]`, "g"))].map((match) => Number(match[1])))
  const variadic = declared.find((place) => place.variadic)
  for (const number of used) if (number > declared.length && !variadic) fail(name, `${array}[${number}] is used but not declared`)
  for (const place of declared) if (!place.variadic && !used.has(place.number)) fail(name, `${array}[${place.number}] (${place.word}) is declared but not used`)
  if (variadic && !new RegExp(`#${array}|${array}\\[[a-z]|ipairs\\(${array}\\)|admit\\(head`).test(code))
    fail(name, `${array} from ${variadic.number} on is declared but not used`)
}

function checkStatuses(name, code, header) {
  const declared = new Map([...(header.status?.join(" ") ?? "").matchAll(/(\d+) ([A-Z_]+)/g)].map((match) => [match[2], Number(match[1])]))
  const [, names, numbers] = /^local ((?:[A-Z_]+, )+[A-Z_]+) = ((?:\d+, )+\d+)$/m.exec(code) ?? []
  const defined = new Map((names?.split(", ") ?? []).map((status, at) => [status, Number(numbers.split(", ")[at])]))
  for (const [status, number] of declared) if (defined.get(status) !== number) fail(name, `status ${status} is not defined as ${number}`)
  for (const status of defined.keys()) {
    if (!declared.has(status)) fail(name, `status ${status} is not in the header`)
    if (!new RegExp(`return (\\{ )?${status}\\b`).test(code)) fail(name, `status ${status} is never returned`)
  }
  return Object.fromEntries(defined)
}

function resolveIncludes(name, text) {
  const seen = new Set()
  return text.replace(/^--- @include (\S+)$/gm, (_line, include) => {
    if (seen.has(include)) fail(name, `${include} is included twice`)
    seen.add(include)
    const source = readFileSync(join(LUA, `${include}.lua`), "utf8")
    if (source.includes("--- @include")) fail(include, "an include must not include others")
    return source
  })
}

/** Its name stays in the second line, so that whoever sees a script in a server's slow log or MONITOR knows which one it is. */
function named(name, source) {
  return source.replace("\n", `\n-- coatcheck ${name}\n`)
}

/** Comments and blank lines are for readers of the files; servers keep one copy of each script and get it again after a restart. */
function strip(text) {
  const [first, ...rest] = text.split("\n")
  return [first, ...rest.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("--"))].join("\n")
}

function readScript(file) {
  const name = file.replace(/\.lua$/, "")
  const text = readFileSync(join(LUA, file), "utf8")
  const [first] = text.split("\n")
  if (!/^#!lua( flags=[a-z,-]+)?$/.test(first)) fail(name, "the first line must be #!lua, so that a cluster checks the slots")
  const header = parseHeader(name, text)
  const body = text.replace(/--\[\[\n[\s\S]*?\]\]\n/, "")
  const code = strip(body)
  if (code.split("\n").length > MAX_LINES) fail(name, `more than ${MAX_LINES} lines of code`)
  const source = named(name, strip(resolveIncludes(name, body)))
  checkUse(name, source, "KEYS", places(name, header.keys))
  checkUse(name, source, "ARGV", places(name, header.args))
  const statuses = checkStatuses(name, source, header)
  for (const pattern of FORBIDDEN) if (pattern.test(source)) fail(name, `must not use ${pattern.source}`)
  return { name, header, source, statuses, readOnly: first.includes("no-writes"), sha1: createHash("sha1").update(source).digest("hex") }
}

function generatedModule(scripts) {
  const camel = (name) => name.replace(/-(\w)/g, (_dash, letter) => letter.toUpperCase())
  const blocks = scripts.map(({ name, source, sha1, readOnly, statuses }) => {
    const status = Object.keys(statuses).length === 0 ? "" : `\nexport const ${camel(name)}Status = ${JSON.stringify(statuses)} as const\n`
    return `export const ${camel(name)}: RedisScript = {\n  name: "${name}",\n  sha1: "${sha1}",\n  readOnly: ${readOnly},\n  source: ${JSON.stringify(source)},\n}\n${status}`
  })
  return `// Written by scripts/build-lua.mjs from lua/*.lua. Change those, and build.\nimport type { RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"\n\n${blocks.join("\n")}`
}

function keysTable(scripts) {
  const rows = scripts.map(
    ({ name, header }) =>
      `| \`${name}\` | ${header.does.join(" ")} | ${header.keys.map((key) => key.replace(/\s+/g, " ")).join("<br>")} | ${header.effects.join(" ")} | ${header.cost.join(" ")} |`,
  )
  return ["| script | does | keys | effects | cost |", "|---|---|---|---|---|", ...rows].join("\n")
}

function put(file, text) {
  const before = (() => {
    try {
      return readFileSync(file, "utf8")
    } catch {
      return null
    }
  })()
  if (before === text) return
  if (process.argv.includes("--check")) fail(file, "is not what the scripts make; run npm run build and commit it")
  writeFileSync(file, text)
}

const scripts = readdirSync(LUA)
  .filter((file) => file.endsWith(".lua"))
  .sort()
  .map(readScript)
put(GENERATED, generatedModule(scripts))
try {
  const page = readFileSync(KEYS_PAGE, "utf8")
  put(
    KEYS_PAGE,
    page.replace(/(<!-- scripts -->\n)[\s\S]*?(\n<!-- \/scripts -->)/, (_all, begin, end) => `${begin}${keysTable(scripts)}${end}`),
  )
} catch (error) {
  if (error.code !== "ENOENT") throw error
}
