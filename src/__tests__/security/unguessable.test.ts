import { afterEach, describe, expect, it, vi } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import { parseToken } from "../../domain/session/ticket.js"

const TOKENS = 100_000

const random = vi.hoisted(() => ({ broken: false, drawn: [] as Uint8Array[] }))
vi.mock("node:crypto", async (original) => {
  const crypto = await original<typeof import("node:crypto")>()
  const randomFillSync: typeof crypto.randomFillSync = <T extends NodeJS.ArrayBufferView>(buffer: T): T => {
    if (random.broken) throw new Error("no randomness")
    crypto.randomFillSync(buffer)
    random.drawn.push(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice())
    return buffer
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

  it("are bytes that node:crypto drew, and no byte is used twice", async () => {
    const sessions = await createSessionService({ store: "memory:" })
    const used: Buffer[] = []
    for (let n = 0; n < 500; n += 1) {
      const { token } = await sessions.createSession({ userId: `user ${n}` })
      const rotated = await sessions.rotateSession(token)
      const [before, after] = [parseToken(token), parseToken(rotated?.token)]
      for (const text of [before?.id, before?.secret, after?.secret]) used.push(Buffer.from(text ?? "", "base64url"))
    }
    await sessions.close()
    const drawn = Buffer.concat(random.drawn)
    const places = used.map((bytes) => ({ from: drawn.indexOf(bytes), length: bytes.length })).sort((a, b) => a.from - b.from)
    expect(places.filter(({ from }) => from < 0)).toEqual([])
    expect(places.filter(({ from }, at) => at > 0 && from < (places[at - 1]?.from ?? 0) + (places[at - 1]?.length ?? 0))).toEqual([])
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
