import { afterEach, describe, expect, it, vi } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import { parseToken } from "../../domain/session/ticket.js"

const TOKENS = 100_000

const random = vi.hoisted(() => ({ broken: false }))
vi.mock("node:crypto", async (original) => {
  const crypto = await original<typeof import("node:crypto")>()
  const randomFillSync: typeof crypto.randomFillSync = <T extends NodeJS.ArrayBufferView>(buffer: T): T => {
    if (random.broken) throw new Error("no randomness")
    return crypto.randomFillSync(buffer)
  }
  return { ...crypto, randomFillSync }
})

describe("tokens", () => {
  afterEach(() => {
    random.broken = false
  })

  it("are 100 000 without a repetition, each with a secret of 32 bytes and an id of 16", async () => {
    const sessions = await createSessionService({ store: "memory:" })
    const secrets = new Set<string>()
    const ids = new Set<string>()
    for (let n = 0; n < TOKENS; n += 1) {
      const { token } = await sessions.createSession({ idleTimeout: "1s", absoluteTimeout: "1s" })
      const ticket = parseToken(token)
      secrets.add(Buffer.from(ticket?.secret ?? "", "base64url").toString("hex"))
      ids.add(Buffer.from(ticket?.id ?? "", "base64url").toString("hex"))
    }
    await sessions.close()
    expect([secrets.size, ids.size]).toEqual([TOKENS, TOKENS])
    expect([...secrets].filter((secret) => secret.length !== 64)).toEqual([])
    expect([...ids].filter((id) => id.length !== 32)).toEqual([])
  })

  it("are not made at all when there is no randomness: nothing takes its place", async () => {
    const sessions = await createSessionService({ store: "memory:" })
    random.broken = true
    // What was drawn before may still be there.
    const made = await Promise.allSettled(Array.from({ length: 200 }, () => sessions.createSession({ userId: "ada" })))
    await sessions.close()
    expect(made.at(-1)?.status).toBe("rejected")
    const first = made.findIndex(({ status }) => status === "rejected")
    expect(made.slice(first).every(({ status }) => status === "rejected")).toBe(true)
  })

  it("draw neither on Math.random nor on UUIDs", async () => {
    const [number, uuid] = [vi.spyOn(Math, "random"), vi.spyOn(crypto, "randomUUID")]
    const sessions = await createSessionService({ store: "memory:" })
    const { token } = await sessions.createSession({ userId: "ada" })
    expect(parseToken((await sessions.rotateSession(token))?.token)).not.toBeNull()
    await sessions.close()
    expect([number.mock.calls.length, uuid.mock.calls.length]).toEqual([0, 0])
  })

  it("cannot be brought along: no call takes a token, an id or a secret for a new session", async () => {
    const sessions = await createSessionService({ store: "memory:" })
    for (const key of ["token", "sessionId", "id", "sid", "secret"]) {
      const options = { userId: "ada", [key]: "A".repeat(43) }
      await expect(sessions.createSession(options)).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
    }
    expect((await sessions.getUserSessions("ada")).sessions).toEqual([])
    await sessions.close()
  })
})
