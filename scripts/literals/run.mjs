// npm run literals: which literals of the library V8 came to make in the old generation at once, under load.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as pause } from "node:timers/promises"
import { parseArgs } from "node:util"
import { instrument } from "./instrument.mjs"

const ROOT = join(import.meta.dirname, "../..")
const KINDS = ["create", "read", "update", "extend", "list", "limit"]
const CLIENTS = ["node-redis", "ioredis"]
const SERVER_STARTS_WITHIN_MS = 5_000

const HELP = `npm run literals [-- CALL …] [-- --client NAME]

After a burst of calls that had to wait, V8 may make what a literal makes in the old generation at once, and with it keeps all that hangs on it until the
next full garbage collection (bench/README.md, "Literals in the old generation"). This shows each literal of the compiled library to a function that asks
where it lies: it calls the library 512 at a time, then 64 at a time, and prints the literals that made old objects, and how many a call.

  CALL           ${KINDS.join(", ")}; all of them otherwise
  --client NAME  ${CLIENTS.join(" or ")}; both otherwise
  --help         this text

It starts a redis-server of its own without a port, takes about six seconds for each call and client, and can be cancelled with Ctrl-C.
Exit code: 0 no such literal, 1 there are some, 2 it could not run.`

const { values, positionals } = readArgs()
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const kinds = positionals.length === 0 ? KINDS : positionals
const clients = values.client === undefined ? CLIENTS : [values.client]
const folder = mkdtempSync(join(tmpdir(), "coatcheck-literals-"))
const children = new Set()
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130))

const code = await main().catch((error) => {
  console.error(`literals: ${error.message}`)
  return 2
})
// The server ends with this.
process.exit(code)

function readArgs() {
  try {
    return parseArgs({ allowPositionals: true, options: { client: { type: "string" }, help: { type: "boolean" } } })
  } catch (error) {
    console.error(`literals: ${error.message}`)
    process.exit(2)
  }
}

async function main() {
  for (const kind of kinds) if (!KINDS.includes(kind)) throw new Error(`Expected one of ${KINDS.join(", ")}, got ${kind}.`)
  for (const client of clients) if (!CLIENTS.includes(client)) throw new Error(`Expected --client ${CLIENTS.join(" or ")}, got ${client}.`)
  cpSync(join(ROOT, "dist"), join(folder, "dist"), { recursive: true })
  cpSync(join(ROOT, "package.json"), join(folder, "package.json"))
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  writeFileSync(join(folder, "literals.json"), JSON.stringify(instrument(join(folder, "dist"))))
  // Syntax that only --allow-natives-syntax understands.
  writeFileSync(join(folder, "young.js"), "export const isYoung = (made) => %InYoungGeneration(made)\n")
  const socket = join(folder, "redis.sock")
  started("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"], "ignore")
  for (let waited = 0; !existsSync(socket); waited += 50) {
    if (waited > SERVER_STARTS_WITHIN_MS) throw new Error("redis-server did not start. Is it installed? npm run servers")
    await pause(50)
  }
  let found = 0
  for (const client of clients) {
    for (const kind of kinds) {
      process.stderr.write(`literals: ${client}, ${kind}\n`)
      const subject = started(process.execPath, ["--allow-natives-syntax", join(import.meta.dirname, "subject.mjs"), folder, socket, client, kind], "pipe")
      const [told, [code]] = await Promise.all([text(subject.stdout), once(subject, "exit")])
      if (code !== 0) throw new Error(`the calls of ${kind} through ${client} ended with exit code ${code}`)
      for (const { literal, each } of JSON.parse(told)) {
        console.log(`${client}, ${kind}: ${each.toFixed(2)} a call  ${literal}`)
        found += 1
      }
    }
  }
  console.log(`${found} literals in the old generation`)
  return found === 0 ? 0 : 1
}

function started(program, args, stdout) {
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", stdout, "inherit"] })
  children.add(child)
  child.once("exit", () => children.delete(child))
  child.once("error", () => children.delete(child))
  return child
}
