import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SessionError } from "../../../domain/errors.js"
import { readCredentials } from "../../../web/credentials.js"
import { codeOf, requestHead } from "./web-doubles.js"

const SOURCES = { cookie: { name: "__Host-Http-sid" }, bearer: true }
const COOKIE = { cookie: "__Host-Http-sid=x" }

const read = (headers: Readonly<Record<string, string>>, bearer = true): unknown => readCredentials(requestHead(headers), { ...SOURCES, bearer })

describe("bearer tokens", () => {
  it.each(["Bearer abc", "bearer abc", "BEARER abc", "Bearer   abc", "Bearer abc  "])("%j holds one", (authorization) => {
    expect(read({ authorization })).toEqual({ kind: "bearer", token: "abc" })
  })

  it("are looked for in one pass: quotes that are never closed take no longer the more of them there are", () => {
    // Many times what Node lets through: with a second pass from each quote this test would last for minutes.
    expect(read({ authorization: `Bearer x "${'\\"'.repeat(500_000)}` })).toEqual({ kind: "bearer", token: "" })
    expect(codeOf(() => read({ authorization: 'Basic "x, Bearer a' }))).toBe("ERR_REQUEST_AMBIGUOUS")
  })

  it.each(["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \u00e4", "Bearer a=b", 'Bearer "abc"', "Bearer token=abc"])(
    "%j holds one that opens nothing",
    (authorization) => {
      expect(read({ authorization })).toEqual({ kind: "bearer", token: "" })
    },
  )

  it.each(["Basic abc", "Bearerabc", "Bearers abc", 'Digest username="a, Bearer b", realm="x", nonce=y', "", "Negotiate abc=="])(
    "%j is another scheme's",
    (authorization) => {
      expect(read({ authorization })).toEqual({ kind: "none" })
      expect(read({ authorization, ...COOKIE })).toEqual({ kind: "cookie", token: "x" })
    },
  )

  it.each([
    "Bearer a, Bearer a",
    "Bearer a, Bearer b",
    "Bearer a,bearer b",
    "Basic a, Bearer b",
    "Bearer a, Basic b",
    "Basic a, Basic b",
    'Digest a="b", Basic c',
  ])("%j is more than one header", (authorization) => {
    expect(codeOf(() => read({ authorization }))).toBe("ERR_REQUEST_AMBIGUOUS")
  })

  it("are not read unless asked for", () => {
    expect(read({ authorization: "Bearer abc" }, false)).toEqual({ kind: "none" })
    expect(read({ authorization: "Bearer a, Bearer b", ...COOKIE }, false)).toEqual({ kind: "cookie", token: "x" })
  })

  it.each(["x", "y", "", " "])("Bearer %j beside a cookie is refused, were they equal", (token) => {
    expect(codeOf(() => read({ authorization: `Bearer ${token}`, ...COOKIE }))).toBe("ERR_REQUEST_AMBIGUOUS")
  })
})

it("a URL holds no credentials", () => {
  const url = "https://app.example/?__Host-Http-sid=x&sid=x&access_token=x;__Host-Http-sid=x#Bearer"
  expect(readCredentials(requestHead({}, { url }), SOURCES)).toEqual({ kind: "none" })
})

it("whatever the headers, they are read or refused", () => {
  const pieces = fc.array(fc.constantFrom("Bearer", "bearer", " ", ",", "=", '"', "\\", "a", ".", "Basic", "\t", "é"), { maxLength: 30 })
  const header = fc.oneof(
    fc.string(),
    pieces.map((parts) => parts.join("")),
  )
  fc.assert(
    fc.property(header, header, (authorization, cookie) => {
      try {
        const found = readCredentials(requestHead({ authorization, cookie }), SOURCES)
        if (found.kind === "bearer") expect(found.token).toMatch(/^[A-Za-z0-9._~+/-]*=*$/)
      } catch (error) {
        expect(SessionError.is(error, "ERR_REQUEST_AMBIGUOUS")).toBe(true)
      }
    }),
    { numRuns: 2_000 },
  )
})
