import { describe, expect, it } from "vitest"
import { UnexpectedValue } from "../../../shared/assertions.js"
import { refuseForgedChange, refuseForgery } from "../../../web/forgery.js"
import { readOrigins } from "../../../web/origins.js"
import { codeOf, requestHead } from "./web-doubles.js"

const OURS = "https://app.example"
const SETTINGS = { origins: readOrigins([OURS, "https://admin.example:8443"], false), cookie: { name: "__Host-Http-sid" }, bearer: true }

type Headers = Readonly<Record<string, string>>
const SITES: readonly (string | null)[] = ["same-origin", "none", "same-site", "cross-site", "same-origin, none", "SAME-ORIGIN", null]
const ORIGINS: readonly (string | null)[] = [
  OURS,
  "https://admin.example:8443",
  "https://evil.example",
  "https://app.example.evil.example",
  "http://app.example",
  "https://app.example:8443",
  "https://APP.example",
  `${OURS}/`,
  `${OURS}, ${OURS}`,
  "null",
  "",
  null,
]
const PROOFS: Readonly<Record<string, Headers>> = {
  nothing: {},
  cookie: { cookie: "__Host-Http-sid=x" },
  bearer: { authorization: "Bearer x" },
  basic: { authorization: "Basic x" },
}
const SENT_BY_BROWSERS = new Set(["same-origin", "same-site", "cross-site", "none"])
const KNOWN = new Set([OURS, "https://admin.example:8443"])

function headersOf(site: string | null, origin: string | null, proof: string): Headers {
  return { ...(site !== null && { "sec-fetch-site": site }), ...(origin !== null && { origin }), ...PROOFS[proof] }
}

const TABLE = SITES.flatMap((site) => ORIGINS.flatMap((origin) => Object.keys(PROOFS).map((proof) => ({ site, origin, proof }))))

describe("where a request came from", () => {
  it.each(["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get"])("%s is judged by Sec-Fetch-Site and Origin, with a cookie or without", (method) => {
    for (const { site, origin, proof } of TABLE) {
      const isListed = origin !== null && KNOWN.has(origin) && (site === null || SENT_BY_BROWSERS.has(site))
      const isOwn = (origin === null || origin === "null") && (site === "same-origin" || site === "none")
      const passes = proof === "bearer" || isListed || isOwn
      const code = codeOf(() => refuseForgedChange(requestHead(headersOf(site, origin, proof), { method }), SETTINGS, { csrf: true }))
      expect({ site, origin, proof, code }).toEqual({ site, origin, proof, code: passes ? null : "ERR_REQUEST_FORGED" })
    }
  })

  it.each(["GET", "HEAD", "OPTIONS"])("%s passes, whatever the headers, until something is changed", (method) => {
    for (const { site, origin, proof } of TABLE) {
      const head = requestHead(headersOf(site, origin, proof), { method })
      expect(codeOf(() => refuseForgedChange(head, SETTINGS, { csrf: true }))).toBeNull()
    }
    const link = requestHead({ "sec-fetch-site": "cross-site" }, { method })
    expect(codeOf(() => refuseForgery(link, SETTINGS, { csrf: true }))).toBe("ERR_REQUEST_FORGED")
  })

  it.each([
    { method: "GET", upgrade: { upgrade: "websocket" } },
    { method: "GET", upgrade: { upgrade: "h2c, WebSocket/13" } },
    { method: "CONNECT", upgrade: {} },
  ])("a WebSocket ($method $upgrade) is judged by Origin alone", ({ method, upgrade }) => {
    for (const { site, origin, proof } of TABLE) {
      const passes = proof === "bearer" || (origin !== null && KNOWN.has(origin))
      const head = requestHead({ ...headersOf(site, origin, proof), ...upgrade } as Headers, { method })
      const code = codeOf(() => refuseForgedChange(head, SETTINGS, { csrf: true }))
      expect({ site, origin, proof, code }).toEqual({ site, origin, proof, code: passes ? null : "ERR_REQUEST_FORGED" })
    }
  })

  it("is not asked for where the route says so", () => {
    for (const { site, origin, proof } of TABLE)
      expect(codeOf(() => refuseForgedChange(requestHead(headersOf(site, origin, proof), { method: "POST" }), SETTINGS, { csrf: false }))).toBeNull()
  })

  it("is never learnt from Host, Referer or what a proxy adds", () => {
    const head = requestHead(
      { host: "app.example", referer: `${OURS}/form`, "x-forwarded-host": "app.example", "x-forwarded-proto": "https" },
      { method: "POST" },
    )
    expect(codeOf(() => refuseForgery(head, SETTINGS, { csrf: true }))).toBe("ERR_REQUEST_FORGED")
  })

  it("a bearer token excuses nothing where bearer tokens are not read, or beside the cookie", () => {
    const head = requestHead({ authorization: "Bearer x" }, { method: "POST" })
    expect(codeOf(() => refuseForgery(head, { ...SETTINGS, bearer: false }, { csrf: true }))).toBe("ERR_REQUEST_FORGED")
    const both = requestHead({ authorization: "Bearer x", ...PROOFS.cookie }, { method: "POST" })
    expect(codeOf(() => refuseForgery(both, SETTINGS, { csrf: true }))).toBe("ERR_REQUEST_AMBIGUOUS")
  })
})

describe("readOrigins", () => {
  it.each(["https://app.example", "https://app.example:8443", "https://xn--bcher-kva.example", "https://192.0.2.1", "https://[2001:db8::1]"])(
    "takes %s",
    (origin) => {
      expect([...readOrigins(origin, false)]).toEqual([origin])
    },
  )

  it.each([
    undefined,
    null,
    "",
    "app.example",
    "//app.example",
    "https://app.example/",
    "https://app.example/path",
    "https://APP.example",
    "https://app.example:443",
    "https://user@app.example",
    "https://bücher.example",
    "https://*.example",
    "http://app.example",
    "http://localhost",
    "null",
    "file:///etc",
    "data:text/html,x",
    "wss://app.example",
    "javascript:alert(1)",
    [],
    [["https://app.example"]],
    ["https://app.example", "https://app.example/"],
    Array.from({ length: 101 }, (_, i) => `https://a${i}.example`),
    /app/,
  ])("refuses %j", (origin) => {
    expect(() => readOrigins(origin, false)).toThrow(UnexpectedValue)
  })
})
