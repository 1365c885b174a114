import { afterAll, describe, expect, it } from "vitest"
import type { SessionToken } from "../../domain/interfaces/session/ISessionService.js"
import { sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, randomPrefix } from "../support/services-under-watch.js"

const OLD = "an-older-key-of-the-application-0123456789"
const NEW = "a-newer-key-of-the-application-9876543210"
const SESSIONS = 100

describe("a key of the verifiers is replaced while people use their sessions", () => {
  const keyPrefix = randomPrefix()
  const open: HookedService[] = []
  afterAll(() => Promise.all(open.map(({ service }) => service.close())))

  async function release(secrets: readonly string[]): Promise<HookedService["service"]> {
    const made = await hookedService(sharedServer("redis").url, { keyPrefix, secrets, timeout: "10s" })
    open.push(made)
    return made.service
  }
  const signIn = async (service: HookedService["service"]): Promise<SessionToken> => (await service.createSession({ userId: "ada" })).token
  const alive = async (service: HookedService["service"], tokens: readonly SessionToken[]): Promise<number> =>
    (await Promise.all(tokens.map((token) => service.getSession(token)))).filter((session) => session !== null).length

  it("nobody is signed out, whichever release answers; with the old key its sessions go, and no others", async () => {
    const before = await release([OLD])
    // First every process learns to read the new key, then they write with it: two releases answer side by side all the time.
    const reading = await release([OLD, NEW])
    const writing = await release([NEW, OLD])
    const after = await release([NEW])

    const old = await Promise.all(Array.from({ length: SESSIONS }, () => signIn(before)))
    const middle = await Promise.all(Array.from({ length: SESSIONS }, () => signIn(writing)))
    expect(await alive(reading, old)).toBe(SESSIONS)
    expect(await alive(writing, old)).toBe(SESSIONS)
    expect(await alive(reading, middle)).toBe(SESSIONS)
    const renewed = await Promise.all(old.slice(0, SESSIONS / 2).map(async (token) => (await writing.rotateSession(token))?.token as SessionToken))
    expect(await alive(reading, renewed)).toBe(SESSIONS / 2)

    expect(await alive(after, [...middle, ...renewed])).toBe(SESSIONS * 1.5)
    expect(await alive(after, old)).toBe(0)
    // A verifier of a key that is gone is never tried with another one.
    expect(await alive(await release([`${OLD}!`, NEW]), old)).toBe(0)
  })
})
