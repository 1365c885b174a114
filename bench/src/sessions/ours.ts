import { readWithDueTouches } from "./due-touches.js"
import { entryAt } from "./order.js"
import { payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import { type BoardSettings, PAGE } from "./raw-boards.js"
import { calls, cpuShare, latency, milliseconds, type SessionCase, serverCpuShare, share } from "./session-case.js"
import { openOn, type Sessions, serviceOn } from "./stored.js"

/** What is wanted on one client, as shares of its raw commands. */
export interface ClientTargets {
  readonly read: number
  readonly readAt512: number
  readonly readCpu: number
  readonly readAndTouch: number
  readonly create: number
}

const LISTED_USERS = 20
const READS = ["get", "mget"]
/** A read a second, and a touch a minute. */
const TOUCHES = 1 / 60
/** What chance and the last slice add to a count. */
const COUNTING = 1.02

/** Our rows on one client, and how they are put away. */
export async function oursOn(settings: BoardSettings, targets: ClientTargets) {
  const { raw, stored, order, ahead } = settings
  const { tokens } = stored
  const open = (more: { readonly [name: string]: unknown } = {}) => serviceOn(raw.client, more)
  const [sessions, touching, created] = [await open(), await open({ touchInterval: 0 }), await open({ keyPrefix: "created:", maxSessionsPerUser: 10 })]
  const listed = await listedUsers(sessions)
  const users = Math.ceil(tokens.length / 2)
  const read: readonly SessionCase[] = [
    {
      name: "coatcheck, read (each 60th touches)",
      work: readWithDueTouches((token) => sessions.getSession(token), { raw, tokens, order, ahead }),
      wanted: [
        share(64, targets.read),
        share(512, targets.readAt512),
        cpuShare(targets.readCpu),
        serverCpuShare(1),
        latency(1.1),
        calls("commands that read", READS, COUNTING),
        calls("scripts that touch", ["evalsha"], TOUCHES * COUNTING),
      ],
    },
    {
      name: "coatcheck, read and touch (touchInterval 0)",
      work: { call: (at) => touching.getSession(entryAt(tokens, order, at)), isRight: isThere },
      wanted: [share(64, targets.readAndTouch)],
    },
  ]
  const create: SessionCase = {
    name: "coatcheck, create (at most 10 a user)",
    work: {
      call: (at) => {
        const { userId, device, attributes } = payloadOf(at % users)
        return created.createSession({ userId, device, attributes })
      },
    },
    wanted: [share(64, targets.create)],
  }
  const update: SessionCase = {
    name: "coatcheck, update of one attribute",
    work: { call: (at) => sessions.updateSession(entryAt(tokens, order, at), { views: at }), isRight: isThere },
    wanted: [share(64, 1), share(1, 0.8)],
  }
  const end: SessionCase = {
    name: "coatcheck, delete",
    work: usingUp(
      (at) => openOn(sessions, at % users),
      (token) => sessions.deleteSession(token),
    ),
  }
  const list: SessionCase = {
    name: `coatcheck, ${PAGE} of a user's sessions`,
    work: {
      call: (at) => sessions.getUserSessions(listed[at % listed.length] ?? "", { limit: PAGE }),
      isRight: (page: { readonly sessions: readonly unknown[] }) => page.sessions.length === PAGE,
    },
    wanted: [milliseconds(3)],
  }
  const close = async () => {
    await Promise.all([sessions, touching, created].map((service) => service.close()))
  }
  return { read, create, update, end, list, close }
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
