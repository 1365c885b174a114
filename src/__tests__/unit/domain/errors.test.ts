import { describe, expect, it } from "vitest"
import { ERROR_CODES, SessionError, type SessionErrorCode } from "../../../domain/errors.js"
import { createSessionService } from "../../../exports/index.js"

const CODES = Object.keys(ERROR_CODES) as SessionErrorCode[]

describe("SessionError", () => {
  it.each(CODES)("%s takes what the table says", (code) => {
    const error = new SessionError(code, "what happened")
    expect(error).toMatchObject({ name: "SessionError", code, message: "what happened", ...ERROR_CODES[code] })
    expect(error).toBeInstanceOf(Error)
    expect(error.stack).toContain("errors.test.ts")
  })

  it("lets one call know more than the table", () => {
    const error = new SessionError("ERR_SESSION_CONFLICT", "", { retryable: false, outcome: "unknown" })
    expect(error).toMatchObject({ retryable: false, outcome: "unknown" })
  })

  it("names the option that is to be corrected, and has no such field otherwise", async () => {
    const refused = (options: object): Promise<unknown> => createSessionService({ store: "memory:", ...options }).catch((error: unknown) => error)
    expect(await refused({ idleTimeout: "1ms" })).toMatchObject({ code: "ERR_CONFIG_INVALID", option: "idleTimeout" })
    expect(await refused({ durability: "fsync" })).toMatchObject({ code: "ERR_CONFIG_INVALID", option: "durability" })
    expect(await refused({ store: "redis://127.0.0.1:1/abc" })).toMatchObject({ code: "ERR_CONFIG_INVALID", option: "store" })
    expect(await refused({ store: { call: 1 } })).toMatchObject({ code: "ERR_CONFIG_INVALID", option: "store" })
    expect("option" in new SessionError("ERR_CLOSED", "")).toBe(false)
  })

  it("never promises a repetition of what may have been applied already, except where repeating is safe", () => {
    for (const code of CODES)
      if (ERROR_CODES[code].outcome === "unknown") expect([code, ERROR_CODES[code].retryable]).toEqual([code, code === "ERR_STORE_TIMEOUT"])
  })
})

describe("SessionError.is", () => {
  it("narrows to the class, and to codes", () => {
    const error: unknown = new SessionError("ERR_CLOSED", "")
    expect(SessionError.is(error)).toBe(true)
    expect(SessionError.is(error, "ERR_CLOSED")).toBe(true)
    expect(SessionError.is(error, "ERR_SESSION_LIMIT", "ERR_CLOSED")).toBe(true)
    expect(SessionError.is(error, "ERR_SESSION_LIMIT")).toBe(false)
  })

  it("knows errors of another copy of the package", () => {
    const foreign = Object.assign(new Error("x"), { code: "ERR_CLOSED", [Symbol.for("coatcheck.SessionError")]: true })
    expect(SessionError.is(foreign, "ERR_CLOSED")).toBe(true)
  })

  it.each([undefined, null, "ERR_CLOSED", 1, {}, new Error("ERR_CLOSED"), Object.assign(new Error(""), { code: "ERR_CLOSED" })])("is false for %o", (value) => {
    expect(SessionError.is(value)).toBe(false)
    expect(SessionError.is(value, "ERR_CLOSED")).toBe(false)
  })
})
