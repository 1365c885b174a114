import assert from "node:assert/strict"
import { CALLS_BY_TOKEN } from "../every-call.js"
import { assertUnchanged, NOBODYS_TOKEN, refuses, withWrongSecret } from "../expectations.js"
import type { Suite } from "../suite.js"

/** Texts that are no tokens: each is made of one that is. */
function malformed(token: string): string[] {
  return [
    "",
    "x",
    " ",
    ".",
    "..",
    "{}",
    "}{",
    "*",
    "\u0000",
    "__proto__",
    token.slice(0, 26),
    token.slice(0, -1),
    `${token}A`,
    `${token} `,
    ` ${token}`,
    `${token}\n`,
    `${token}\u0000`,
    token.replaceAll(".", ":"),
    token.replaceAll(".", "。"),
    encodeURIComponent(token).replaceAll(".", "%2E"),
    `session:${token}`,
    `{${token.slice(0, 3)}}${token.slice(3)}`,
    // The same bytes with unused bits set: decoders that are lenient would take it.
    `${token.slice(0, -1)}${nextLetter(token.slice(-1))}`,
    `${token.slice(0, 25)}${nextLetter(token.slice(25, 26))}${token.slice(26)}`,
    `${token.slice(0, 2)}${nextLetter(token.slice(2, 3))}${token.slice(3)}`,
    "a".repeat(1_000_000),
  ]
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

function nextLetter(letter: string): string {
  return ALPHABET.charAt(ALPHABET.indexOf(letter) + 1)
}

export function getPromises(suite: Suite): void {
  suite.group("getSession and every other call with a token", () => {
    suite.it("answer null or false for a token that is nobody's, is malformed, or has a wrong secret", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada", attributes: { n: 0 } })
      const bad = [NOBODYS_TOKEN, withWrongSecret(token), ...malformed(token)]
      for (const [name, { call, absent }] of Object.entries(CALLS_BY_TOKEN)) {
        for (const text of bad) {
          assert.equal(await call(service, { token: text as never, userId: "ada", sessionId: session.sessionId }), absent, `${name}: ${text.slice(0, 80)}`)
        }
      }
      await assertUnchanged(service, token, session)
    })

    suite.it("answer null or false once the session was deleted", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada" })
      await service.deleteSession(token)
      for (const [name, { call, absent }] of Object.entries(CALLS_BY_TOKEN)) {
        assert.equal(await call(service, { token, userId: "ada", sessionId: session.sessionId }), absent, name)
      }
    })

    suite.it("read null and undefined as no token where a cookie may be missing", {}, async ({ service }) => {
      assert.equal(await service.getSession(null), null)
      assert.equal(await service.getSession(undefined), null)
      assert.equal(await service.deleteSession(null), false)
      assert.equal(await service.deleteSession(undefined), false)
    })

    suite.it("let nobody in with a token that is no text", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada" })
      const values: unknown[] = [0, 1, true, {}, [], [token], { toString: () => token }, new String(token), Symbol("token"), 1n, () => token]
      for (const value of values) assert.equal(await service.getSession(value as never), null)
      await assertUnchanged(service, token, session)
    })

    suite.it("keep the sessions of others apart", {}, async ({ service }) => {
      const ada = await service.createSession({ userId: "ada" })
      const bob = await service.createSession({ userId: "bob" })
      const mixed = `${ada.session.sessionId}${bob.token.slice(26)}`
      assert.equal(await service.getSession(mixed), null)
      assert.equal((await service.getSession(ada.token))?.userId, "ada")
      assert.equal((await service.getSession(bob.token))?.userId, "bob")
    })

    suite.it("answer many reads of one moment each for itself", {}, async ({ service }) => {
      const made = await Promise.all(Array.from({ length: 20 }, (_, n) => service.createSession({ userId: `user-${n}`, attributes: { n } })))
      const tokens = made.flatMap(({ token }) => [token, withWrongSecret(token), token])
      const found = await Promise.all(tokens.map((token) => service.getSession(token)))
      const wanted = made.flatMap(({ session }) => [session, null, session])
      assert.deepEqual(found, wanted)
    })

    suite.it("refuse a touch option that is neither true nor false", {}, async ({ service }) => {
      const { token } = await service.createSession({ userId: "ada" })
      for (const touch of ["no", 0] as never[]) await refuses("ERR_INVALID_ARGUMENT", () => service.getSession(token, { touch }))
    })
  })
}
