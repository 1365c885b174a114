// A process with a session service of its own, for tests that need several: it does what its parent asks for, one task a message.
// WORKER_CLOCK_SHIFT_MS moves this process's clock before anything of the library is loaded, as on a host whose clock is wrong.
const shift = Number(process.env.WORKER_CLOCK_SHIFT_MS ?? 0)
if (shift !== 0) moveClock(shift)

const { createSessionService, SessionError } = await import("coatcheck")
let service
let client
const ended = []
let stopped = false

const TASKS = {
  open,
  /** One call of the service. */
  call: (method, ...args) => service[method](...args),
  many,
  increments,
  logins,
  hammer,
  hammerRotations,
  stop: () => {
    stopped = true
  },
  /** What the listener heard of sessions that ended, since the last time. */
  ended: () => ended.splice(0),
  dateNow: () => Date.now(),
}

async function open({ port, clientName, options }) {
  if (clientName === "ioredis") {
    const { Redis } = await import("ioredis")
    client = new Redis(port, "127.0.0.1")
  } else {
    const { createClient } = await import("@redis/client")
    client = createClient({ url: `redis://127.0.0.1:${port}` })
    client.on("error", () => undefined)
    await client.connect()
  }
  await new Promise((resolve, reject) => {
    const onEvent = (event) => {
      if (event.type === "ended") ended.push(event)
      if (event.type === "near-cache" && event.serving) resolve()
    }
    createSessionService({ store: client, timeout: "20s", onEvent, ...options }).then((opened) => {
      service = opened
      if (!options.nearCache) resolve()
    }, reject)
  })
}

/** The same call several times side by side: what each came to. */
function many(times, method, ...args) {
  return Promise.all(Array.from({ length: times }, () => outcome(() => service[method](...args))))
}

async function increments(token, writers, times) {
  const write = async () => {
    for (let n = 0; n < times; n += 1) {
      const session = await service.updateSession(token, (own) => ({ count: (own.count ?? 0) + 1 }))
      if (session === null) throw new Error("Expected the session to stay, got none")
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
}

/** Sign-ins, `width` of them side by side. */
async function logins(options, count, width) {
  const made = []
  const refused = []
  let left = count
  const login = async () => {
    while (left > 0) {
      left -= 1
      const { value, code } = await outcome(() => service.createSession(options))
      if (code === undefined) made.push({ sessionId: value.session.sessionId, token: value.token, evicted: value.evicted, at: now() })
      else refused.push(code)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, count) }, login))
  return { made, refused }
}

/** Does the same thing to one session again and again until told to stop. */
async function hammer(width, method, ...args) {
  stopped = false
  const seen = { answers: 0, lastAliveBegan: 0n, aliveAfterNull: false, failures: [] }
  const strike = async () => {
    let wasNull = false
    while (!stopped) {
      const began = now()
      const { value, code } = await outcome(() => service[method](...args))
      seen.answers += 1
      if (code !== undefined) seen.failures.push(code)
      else if (value === null) wasNull = true
      else {
        if (began > seen.lastAliveBegan) seen.lastAliveBegan = began
        if (wasNull) seen.aliveAfterNull = true
      }
    }
  }
  await Promise.all(Array.from({ length: width }, strike))
  return seen
}

/** The same with rotations, each with the token that the one before answered. */
async function hammerRotations(width, first) {
  stopped = false
  const seen = { answers: 0, lastAliveBegan: 0n, aliveAfterNull: false, failures: [] }
  let token = first
  const strike = async () => {
    while (!stopped) {
      const began = now()
      const { value, code } = await outcome(() => service.rotateSession(token, { grace: 0 }))
      seen.answers += 1
      if (code !== undefined && code !== "ERR_SESSION_CONFLICT") seen.failures.push(code)
      if (value) {
        token = value.token
        if (began > seen.lastAliveBegan) seen.lastAliveBegan = began
      }
    }
  }
  await Promise.all(Array.from({ length: width }, strike))
  return seen
}

async function outcome(work) {
  try {
    return { value: await work() }
  } catch (error) {
    if (SessionError.is(error)) return { code: error.code }
    throw error
  }
}

/** A clock that all processes of the machine share. */
function now() {
  return process.hrtime.bigint()
}

function moveClock(by) {
  const { now: realNow } = Date
  const RealDate = Date
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      if (args.length === 0) super(realNow() + by)
      else super(...args)
    }
    static [Symbol.hasInstance](value) {
      return value instanceof RealDate
    }
    static now() {
      return realNow() + by
    }
  }
}

process.on("message", ({ id, task, args }) => {
  Promise.resolve(args)
    .then((given) => TASKS[task](...given))
    .then(
      (value) => process.send({ id, value }),
      (error) => process.send({ id, error: { message: String(error?.message), code: error?.code } }),
    )
})
// The parent ended, or has no more work.
process.on("disconnect", () => process.exit(0))
process.send({ id: 0 })
