import type { SessionToken } from "coatcheck"
import { crowd } from "../sessions/crowd.js"
import { entryAt, shuffled } from "../sessions/order.js"
import { ourPages } from "../sessions/our-pages.js"
import { ourSignIns } from "../sessions/our-sign-ins.js"
import { PER_USER } from "../sessions/payload.js"
import { usingUp } from "../sessions/pool.js"
import { PAGE } from "../sessions/raw-commands.js"
import { isThere, type SessionRows, share } from "../sessions/session-case.js"
import type { ClientSettings } from "../sessions/session-settings.js"
import { openOn, serviceOn } from "../sessions/stored.js"

/** Reads of sessions that were read before, from the near-cache, and what is mixed with them. */
export async function ourHits({ raw, client, names, bytes, ms }: ClientSettings): Promise<SessionRows> {
  const service = await serviceOn(raw.client, { nearCache: true })
  const order = shuffled(names.length)
  const call = (at: number) => service.getSession(entryAt(names as readonly SessionToken[], order, at))
  // What was read more than some seconds ago is read anew, and a slice comes after a pause in which others are measured.
  const refill = async (): Promise<void> => void (await crowd(names.length, call))
  const work = { refill, call, isRight: isThere }
  const keyPrefix = `created-beside-near-cache:${client}:`
  const created = await serviceOn(raw.client, { nearCache: true, keyPrefix, maxSessionsPerUser: 10 })
  const open = (at: number) => openOn(service, at % Math.ceil(names.length / PER_USER), bytes)
  return {
    read: { name: "coatcheck, near-cache hit", work, wanted: [share(64, `near-cache ${client}`)] },
    update: {
      name: "coatcheck with its near-cache, update",
      work: {
        call: (at) => service.updateSession(entryAt(names as readonly SessionToken[], order, at), { views: at }),
        isRight: isThere,
      },
    },
    create: { name: "coatcheck with its near-cache, create (at most 10 a user)", work: ourSignIns(created, { raw, keyPrefix, bytes, ms }) },
    list: { name: `coatcheck with its near-cache, ${PAGE} of a user's sessions`, work: ourPages(service) },
    end: { name: "coatcheck with its near-cache, delete", work: usingUp(open, (token) => service.deleteSession(token), ms) },
  }
}
