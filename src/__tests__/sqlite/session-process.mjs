// One process that works on a session file, for tests with several of them.
// node session-process.mjs <folder of compiled sources> <command> <JSON of its arguments>
// Answers with lines of JSON; a failure is a line { error }.
import { createRequire } from "node:module"

const [folder, command, text] = process.argv.slice(2)
const { SqliteSessionService } = await import(`${folder}/infrastructure/services/session/SqliteSessionService.js`)
const { loadDriver, nodeSqlite, overBetterSqlite3 } = await import(`${folder}/infrastructure/sqlite/drivers.js`)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

/** Resolves at the parent's word, so that processes begin together. */
const started = () => new Promise((resolve) => process.stdin.once("data", resolve))

const COMMANDS = {
  /** With `uid`: as another user, once everything is loaded. */
  async open({ file, uid }) {
    const driver = await loadDriver()
    if (uid !== undefined) process.setgid(uid)
    if (uid !== undefined) process.setuid(uid)
    const sessions = await SqliteSessionService.open(file, {}, driver)
    await sessions.close()
    say({ opened: true })
  },

  /** Counts up an attribute of one session, each time from what stands there. */
  async increments({ file, token, times, parallel }) {
    const sessions = await SqliteSessionService.open(file, { timeout: "20s" })
    say({ ready: true })
    await started()
    const one = async () => {
      for (let i = 0; i < times; i += 1) await sessions.updateSession(token, (own) => ({ ...own, count: own.count + 1 }))
    }
    await Promise.all(Array.from({ length: parallel }, one))
    await sessions.close()
    say({ done: times * parallel })
  },

  async logins({ file, userId, times, limit }) {
    const sessions = await SqliteSessionService.open(file, { timeout: "20s", maxSessionsPerUser: limit })
    say({ ready: true })
    await started()
    const made = await Promise.all(Array.from({ length: times }, () => sessions.createSession({ userId })))
    await sessions.close()
    say({ made: made.map(({ session, evicted }) => ({ sessionId: session.sessionId, evicted })) })
  },

  /** Creates and updates until it is killed, and tells each token once it is acknowledged. */
  async writes({ file }) {
    const sessions = await SqliteSessionService.open(file, { timeout: "20s" })
    for (let i = 0; ; i += 1) {
      const { token } = await sessions.createSession({ userId: `user-${i % 7}`, attributes: { i, filling: "x".repeat(2_000), acknowledged: false } })
      await sessions.updateSession(token, { acknowledged: true })
      say({ token, i })
      await new Promise((resolve) => setImmediate(resolve))
    }
  },

  /** Has the write lock for a while. */
  async holds({ file, milliseconds }) {
    const connection = (await loadDriver()).open(file)
    connection.execute("BEGIN IMMEDIATE")
    say({ holding: true })
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    connection.execute("ROLLBACK")
    connection.close()
    say({ released: true })
  },

  /** A walk through the contract with one driver. */
  async walk({ file, driver, modules }) {
    const chosen = driver === "node:sqlite" ? nodeSqlite() : overBetterSqlite3(driver, createRequire(modules)(driver))
    const events = []
    const open = () => SqliteSessionService.open(file, { maxSessionsPerUser: 2, onEvent: ({ type }) => events.push(type) }, chosen)
    const first = await open()
    const { token, session } = await first.createSession({ userId: "ada", attributes: { list: [], big: Number.MAX_SAFE_INTEGER, text: "\u2028\ud83d\ude00" } })
    await first.createSession({})
    const updated = await first.updateSession(token, { list: [1] })
    await first.close()
    const second = await open()
    const read = await second.getSession(token)
    const rotated = await second.rotateSession(token, { grace: 0 })
    const old = await second.getSession(token)
    await second.createSession({ userId: "ada" })
    const { evicted } = await second.createSession({ userId: "ada" })
    const { sessions } = await second.getUserSessions("ada")
    const report = await second.cleanupExpiredSessions()
    const ended = await second.deleteUserSessions("ada")
    await second.close()
    say({
      driver: chosen.name,
      node: process.versions.node.split(".")[0],
      attributes: read.attributes,
      version: updated.version,
      rotated: rotated.session.sessionId === session.sessionId,
      old,
      evicted: evicted.length === 1 && evicted[0] === session.sessionId,
      listed: sessions.length,
      live: report.live,
      ended,
      events,
    })
  },
}

try {
  await COMMANDS[command](JSON.parse(text))
  process.exit(0)
} catch (error) {
  say({ error: { code: error.code ?? error.name, message: error.message } })
  process.exit(1)
}
