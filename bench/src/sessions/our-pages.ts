import type { Work } from "../rounds/slice.js"
import { payloadOf } from "./payload.js"
import { PAGE } from "./raw-commands.js"
import type { Sessions } from "./stored.js"

const LISTED_USERS = 20

/** A page of the sessions of users who have two pages each. */
export function ourPages(sessions: Sessions): Work {
  return {
    prepare: () => storePages(sessions),
    call: (at) => sessions.getUserSessions(listedUser(at), { limit: PAGE }),
    isRight: (page: { readonly sessions: readonly unknown[] }) => page.sessions.length === PAGE,
  }
}

/** The next client finds them. */
async function storePages(sessions: Sessions): Promise<void> {
  const { device, attributes } = payloadOf(0)
  for (let at = 0; at < LISTED_USERS; at++) {
    const userId = listedUser(at)
    const { sessions: page } = await sessions.getUserSessions(userId, { limit: 1 })
    if (page.length === 0) await Promise.all(Array.from({ length: 2 * PAGE }, () => sessions.createSession({ userId, device, attributes })))
  }
}

function listedUser(at: number): string {
  return `listed-${at % LISTED_USERS}`
}
