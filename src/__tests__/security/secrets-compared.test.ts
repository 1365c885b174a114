import { createHash, randomBytes } from "node:crypto"
import { afterEach, expect, it, vi } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import { nearCached } from "../support/near-cached.js"
import { sharedServer } from "../support/servers.js"
import { randomPrefix } from "../support/services-under-watch.js"

// A comparison that ends at the first wrong letter takes longer the more of a guess is right. `isSameText` looks at all letters: unit/shared/constant-time.test.ts.

const compared = vi.hoisted(() => [] as (readonly [text: string, other: string, from: number])[])
vi.mock("../../shared/constant-time.js", async (original) => {
  const { isSameText } = await original<typeof import("../../shared/constant-time.js")>()
  return {
    isSameText: (text: string, other: string, from = 0): boolean => {
      compared.push([text, other, from])
      return isSameText(text, other, from)
    },
  }
})
afterEach(() => {
  compared.length = 0
})

const SECRET_AT = 27

/** What is stored of the secret of a token. */
const hashOf = (token: string): string => createHash("sha256").update(token.slice(SECRET_AT)).digest("base64url").slice(0, 22)

/** Guesses for the secret of a token, of which more and more is right. */
function guesses(token: string): readonly string[] {
  const changedAt = (at: number): string => `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`
  return [`${token.slice(0, SECRET_AT)}${randomBytes(32).toString("base64url")}`, changedAt(SECRET_AT), changedAt(48), changedAt(token.length - 2)]
}

it.each(["memory:", "redis"])("a wrong secret is compared by its hash, and to the end: %s", async (kind) => {
  const store = kind === "redis" ? sharedServer("redis").url : kind
  const service = await createSessionService({ store, keyPrefix: kind === "redis" ? randomPrefix() : undefined })
  const { token } = await service.createSession({ userId: "ada" })
  for (const guess of guesses(token)) {
    compared.length = 0
    expect(await service.getSession(guess)).toBeNull()
    expect(compared).toEqual([[hashOf(guess), hashOf(token), 0]])
  }
  await service.close()
})

it("a near-cache compares a wrong secret to the end, and then asks the store", async () => {
  const near = await nearCached(sharedServer("redis").url, { keyPrefix: randomPrefix(), nearCache: { lease: "10s" } })
  const { token } = await near.service.createSession({ userId: "ada" })
  for (const guess of guesses(token)) {
    for (let n = 0; n < 2; n += 1) expect(await near.service.getSession(token)).not.toBeNull()
    compared.length = 0
    expect(await near.service.getSession(guess)).toBeNull()
    expect(compared).toEqual([
      [guess, token, SECRET_AT - 1],
      [hashOf(guess), hashOf(token), 0],
    ])
  }
  await near.end()
})
