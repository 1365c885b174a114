import type { SessionToken } from "coatcheck"
import { apart, readUsedLately, readWithDueTouches } from "./due-touches.js"
import { entryAt, shuffled } from "./order.js"
import { ourPages } from "./our-pages.js"
import { ourSignIns } from "./our-sign-ins.js"
import { payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import { EVERYWHERE, PAGE } from "./raw-commands.js"
import { alone, hasAttributes, isThere, type SessionCase, type SessionRows, share } from "./session-case.js"
import type { ClientSettings } from "./session-settings.js"
import { openOn, serviceOn } from "./stored.js"

/** Our rows on one client. */
export async function oursOn({ raw, client, names, count, ms, bytes }: ClientSettings): Promise<SessionRows> {
  const tokens = names as readonly SessionToken[]
  const order = shuffled(tokens.length)
  const open = (more: { readonly [name: string]: unknown } = {}) => serviceOn(raw.client, more)
  const sessions = await open()
  const touching = await open({ touchInterval: 0 })
  // Of its own: the next client should not go on in these lists.
  const keyPrefix = `created:${client}:`
  const created = await open({ keyPrefix, maxSessionsPerUser: 10 })
  const users = Math.ceil(count / 2)
  const read: SessionCase = {
    name: "coatcheck, read (each 60th touches)",
    work: readWithDueTouches((token) => sessions.getSession(token), { raw, tokens, order, ms }),
    wanted: [
      share(64, `read-64 ${client}`),
      share(512, `read-512 ${client}`),
      { target: `read-cpu ${client}`, inFlight: 64, figure: "cpuShare" },
      { target: `read-redis-cpu ${client}`, inFlight: 64, figure: "serverCpuShare" },
      alone("latency", `read-1 ${client}`),
      { target: `read-commands ${client}`, inFlight: 1, figure: "calls", commands: ["get", "mget"] },
      { target: `read-writes ${client}`, inFlight: 1, figure: "calls", commands: ["evalsha"] },
    ],
  }
  const { rested } = apart(order, ms)
  const restingRead: SessionCase = {
    name: "coatcheck, read (no touch is due)",
    work: { call: (at) => sessions.getSession(entryAt(tokens, rested, at)), isRight: isThere },
    wanted: [alone("trips", `read-trips ${client}`)],
  }
  const lookingRead: SessionCase = {
    name: "coatcheck, read (no touch is due), an attribute looked at",
    work: { call: (at) => sessions.getSession(entryAt(tokens, rested, at)), isRight: hasAttributes },
  }
  const touchingRead: SessionCase = {
    name: "coatcheck, read and touch (touchInterval 0)",
    work: readUsedLately((token) => touching.getSession(token), { raw, tokens, order, ms }),
    wanted: [share(64, `touch-64 ${client}`)],
  }
  const create: SessionCase = {
    name: "coatcheck, create (at most 10 a user)",
    work: ourSignIns(created, { raw, keyPrefix, bytes, ms }),
    wanted: [share(64, `create-64 ${client}`), alone("trips", `create-trips ${client}`)],
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
  const list: SessionCase = { name: `coatcheck, ${PAGE} of a user's sessions`, work: ourPages(sessions) }
  return { read, restingRead, lookingRead, touchingRead, create, update, end, endAll, list }
}
