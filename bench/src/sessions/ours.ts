import { readWithDueTouches } from "./due-touches.js"
import { entryAt } from "./order.js"
import { payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import { type BoardSettings, EVERYWHERE, PAGE } from "./raw-boards.js"
import { calls, cpuShare, latency, type SessionCase, type SessionRows, serverCpuShare, share, trips } from "./session-case.js"
import { openOn, type Sessions, serviceOn } from "./stored.js"

const LISTED_USERS = 20
/** Longer than any session here was unused. */
const LONG_UNUSED = "12h"

/** Our rows on one client, and how they are put away. */
export async function oursOn({ raw, stored, order, ms, bytes }: BoardSettings) {
  const client = raw.name
  const { tokens } = stored
  const open = (more: { readonly [name: string]: unknown } = {}) => serviceOn(raw.client, more)
  const [sessions, resting, touching] = [await open(), await open({ touchInterval: LONG_UNUSED }), await open({ touchInterval: 0 })]
  const created = await open({ keyPrefix: "created:", maxSessionsPerUser: 10 })
  const listed = await listedUsers(sessions)
  const users = Math.ceil(tokens.length / 2)
  const read: SessionCase = {
    name: "coatcheck, read (each 60th touches)",
    work: readWithDueTouches((token) => sessions.getSession(token), { raw, tokens, order, ms }),
    wanted: [
      share(64, `read-64 ${client}`),
      share(512, `read-512 ${client}`),
      cpuShare(`read-cpu ${client}`),
      serverCpuShare(`read-redis-cpu ${client}`),
      latency(`read-1 ${client}`),
      calls(`read-commands ${client}`, "get", "mget"),
      calls(`read-writes ${client}`, "evalsha"),
    ],
  }
  const otherReads: readonly SessionCase[] = [
    {
      name: "coatcheck, read (no touch is due)",
      work: { call: (at) => resting.getSession(entryAt(tokens, order, at)), isRight: isThere },
      wanted: [trips(`read-trips ${client}`)],
    },
    {
      name: "coatcheck, read and touch (touchInterval 0)",
      work: { call: (at) => touching.getSession(entryAt(tokens, order, at)), isRight: isThere },
      wanted: [share(64, `touch-64 ${client}`)],
    },
  ]
  const create: SessionCase = {
    name: "coatcheck, create (at most 10 a user)",
    work: {
      call: (at) => {
        const { userId, device, attributes } = payloadOf(at % users, bytes)
        return created.createSession({ userId, device, attributes })
      },
    },
    wanted: [share(64, `create-64 ${client}`)],
  }
  const update: SessionCase = {
    name: "coatcheck, update of one attribute",
    work: { call: (at) => sessions.updateSession(entryAt(tokens, order, at), { views: at }), isRight: isThere },
    wanted: [share(64, `update-64 ${client}`), share(1, `update-1 ${client}`)],
  }
  const end: SessionCase = {
    name: "coatcheck, delete",
    work: usingUp(
      (at) => openOn(sessions, at % users, bytes),
      (token) => sessions.deleteSession(token),
      ms,
    ),
  }
  const endAll: SessionCase = {
    name: `coatcheck, all ${EVERYWHERE} of a user`,
    work: usingUp(
      async (at) => {
        const userId = `everywhere-${client}-${at}`
        const { device, attributes } = payloadOf(0)
        await Promise.all(Array.from({ length: EVERYWHERE }, () => sessions.createSession({ userId, device, attributes })))
        return userId
      },
      async (userId) => (await sessions.deleteUserSessions(userId)) === EVERYWHERE,
      ms,
    ),
  }
  const list: SessionCase = {
    name: `coatcheck, ${PAGE} of a user's sessions`,
    work: {
      call: (at) => sessions.getUserSessions(listed[at % listed.length] ?? "", { limit: PAGE }),
      isRight: (page: { readonly sessions: readonly unknown[] }) => page.sessions.length === PAGE,
    },
  }
  const close = async () => {
    await Promise.all([sessions, resting, touching, created].map((service) => service.close()))
  }
  return { rows: { read, create, update, end, endAll, list } satisfies SessionRows, otherReads, close }
}

/** Users with two pages of sessions each; the next client finds them. */
async function listedUsers(sessions: Sessions): Promise<readonly string[]> {
  const users = Array.from({ length: LISTED_USERS }, (_, at) => `listed-${at}`)
  const { device, attributes } = payloadOf(0)
  for (const userId of users) {
    const { sessions: page } = await sessions.getUserSessions(userId, { limit: 1 })
    if (page.length === 0) await Promise.all(Array.from({ length: 2 * PAGE }, () => sessions.createSession({ userId, device, attributes })))
  }
  return users
}

function isThere(session: unknown): boolean {
  return session !== null
}
