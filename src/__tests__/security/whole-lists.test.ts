import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionId } from "../../domain/interfaces/session/ISessionService.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, indexKeyOf, type RawClient, randomPrefix, rawClient, sessionsPatternOf } from "../support/services-under-watch.js"

// A session that its user's list does not name cannot be found to be ended. Lists that are read, changed and written back lose names.

const SIGN_INS = 200

describe.each(SERVER_KINDS)("on %s", (kind) => {
  const keyPrefix = randomPrefix()
  let nodes: readonly HookedService[] = []
  let raw: RawClient
  beforeAll(async () => {
    const { url } = sharedServer(kind)
    nodes = await Promise.all(Array.from({ length: 4 }, () => hookedService(url, { keyPrefix })))
    raw = await rawClient(url)
  })
  afterAll(async () => {
    await Promise.all(nodes.map(({ service }) => service.close()))
    raw.close()
  })

  const service = (at: number): HookedService["service"] => (nodes[at % nodes.length] as HookedService).service
  const signIns = (userId: string) => Promise.all(Array.from({ length: SIGN_INS }, (_unused, at) => service(at).createSession({ userId })))

  async function listed(userId: string): Promise<readonly SessionId[]> {
    const found: SessionId[] = []
    let cursor: string | undefined
    do {
      const page = await service(0).getUserSessions(userId, { limit: 200, cursor })
      found.push(...page.sessions.map(({ sessionId }) => sessionId))
      cursor = page.cursor
    } while (cursor !== undefined)
    return found
  }

  it("200 sign-ins of one user at once are all in the list, and ending all leaves none", async () => {
    const made = await signIns("ada")
    expect(new Set(await listed("ada"))).toEqual(new Set(made.map(({ session }) => session.sessionId)))
    expect(await service(1).deleteUserSessions("ada")).toBe(SIGN_INS)
    const left = await Promise.all(made.map(({ token }, at) => service(at).getSession(token)))
    expect(left.filter((session) => session !== null)).toEqual([])
  })

  it("after the list was deleted by hand, ending all thoroughly leaves no session of the user", async () => {
    const made = await signIns("bob")
    await raw.send("DEL", indexKeyOf(keyPrefix, "bob"))
    expect(await service(2).deleteUserSessions("bob", { thorough: true })).toBe(SIGN_INS)
    const left = await Promise.all(made.map(({ token }, at) => service(at).getSession(token)))
    expect(left.filter((session) => session !== null)).toEqual([])
    expect(await raw.keys(sessionsPatternOf(keyPrefix, "bob"))).toEqual([])
  })
})
