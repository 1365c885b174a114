// Calls a library whose literals are shown, first so many at a time that each waits long, then 64 at a time, and prints which literals made what lies in the old generation.
import { readFileSync } from "node:fs"
import { createClient } from "@redis/client"
import { Redis } from "ioredis"

const [folder, socket, clientName, kind] = process.argv.slice(2)
const literals = JSON.parse(readFileSync(`${folder}/literals.json`, "utf8"))
const BURST = 512
const IN_FLIGHT = 64
const BURST_MS = 3_000
const COUNTED_MS = 1_500
const USERS = 20_000

const { isYoung } = await import(`${folder}/young.js`)
const old = new Uint32Array(literals.length)
globalThis.literal = (number, made) => {
  if (!isYoung(made)) old[number] += 1
  return made
}

const { createSessionService } = await import(`${folder}/dist/exports/index.js`)
const { createRateLimitingService } = await import(`${folder}/dist/exports/rate-limit.js`)
const client = clientName === "ioredis" ? new Redis(socket) : await createClient({ socket: { path: socket } }).connect()
const sessions = await createSessionService({ store: client, timeout: "10s" })
const limits = await createRateLimitingService({ store: client, timeout: "10s", rules: { perUser: { limit: 1_000_000, window: "1m" } } })

const userOf = (at) => `user-${at % USERS}`
const open = (at) => sessions.createSession({ userId: userOf(at), device: { userAgent: "Mozilla", ip: "192.0.2.1" }, attributes: { note: "x".repeat(250) } })
const tokens = []
const CALLS = {
  create: open,
  read: (at) => sessions.getSession(tokens[at % tokens.length]),
  update: (at) => sessions.updateSession(tokens[at % tokens.length], { at }),
  extend: (at) => sessions.extendSession(tokens[at % tokens.length]),
  list: (at) => sessions.getUserSessions(userOf(at)),
  limit: (at) => limits.checkRateLimit({ userId: userOf(at) }, "perUser"),
}

let next = 0
async function callFor(ms, atATime, call) {
  const until = performance.now() + ms
  let count = 0
  const caller = async () => {
    while (performance.now() < until) {
      await call(next++)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: atATime }, caller))
  return count
}

while (tokens.length < USERS) tokens.push(...(await Promise.all(Array.from({ length: BURST }, () => open(next++)))).map(({ token }) => token))
await callFor(BURST_MS, BURST, CALLS[kind])
old.fill(0)
const count = await callFor(COUNTED_MS, IN_FLIGHT, CALLS[kind])
const found = [...old.entries()].filter(([, made]) => made / count > 0.005).sort(([, a], [, b]) => b - a)
console.log(JSON.stringify(found.map(([number, made]) => ({ literal: literals[number], each: made / count }))))
await Promise.all([sessions.close(), limits.close()])
process.exit()
