import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { checkCreate } from "../../../infrastructure/services/session/checked-creation.js"
import { resolveSettings } from "../../../infrastructure/services/session/session-settings.js"
import { describeDevice } from "../../../web/device.js"

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

describe("describeDevice", () => {
  it.each([
    [FIREFOX, "Firefox on Windows"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
      "Safari on iOS",
    ],
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "Chrome on Linux"],
    ["curl/8.5.0", undefined],
    ["?", undefined],
  ])("names %s", (userAgent, label) => {
    expect(describeDevice(userAgent, "192.0.2.1")).toEqual({ ip: "192.0.2.1", userAgent, label })
  })

  it.each([undefined, "", "   ", "\u0000\r\n\u007f\u0085"])("of %j knows nothing", (userAgent) => {
    expect(describeDevice(userAgent, undefined)).toEqual({ ip: undefined, userAgent: undefined, label: undefined })
  })

  it("keeps no control character", () => {
    const { userAgent, label } = describeDevice('x\r\nSet-Cookie: a=b\n{"event":"login"}\u001b[31m/1.0 (y)', undefined)
    expect(userAgent).toBe('xSet-Cookie: a=b{"event":"login"}[31m/1.0 (y)')
    expect(label ?? "").not.toMatch(/\p{Cc}/u)
  })

  it("cuts between characters: at 1024 bytes, and a label at 256", () => {
    expect(describeDevice("a".repeat(5_000), undefined).userAgent).toBe("a".repeat(1_024))
    expect(describeDevice(`${"a".repeat(1_022)}\u20acb`, undefined).userAgent).toBe("a".repeat(1_022))
    expect(describeDevice(`a${"\u{1f600}".repeat(500)}`, undefined).userAgent).toBe(`a${"\u{1f600}".repeat(255)}`)
    const { label = "" } = describeDevice(`${"Zebra".repeat(80)}/1.0 (x)`, undefined)
    expect(label.length).toBe(256)
  })

  it("counts a quote and a backslash as the two bytes that they take in a session", () => {
    expect(describeDevice('"'.repeat(1_000), undefined).userAgent).toBe('"'.repeat(512))
    expect(describeDevice(`a${"\\".repeat(1_000)}`, undefined).userAgent).toBe(`a${"\\".repeat(511)}`)
    expect(describeDevice(`${'Z"'.repeat(200)}/1.0 (x)`, undefined).label).toBe(`${'Z"'.repeat(85)}Z`)
  })

  it("fits into a session, whatever the header", () => {
    const settings = resolveSettings({})
    const escaped = fc.string({ unit: fc.constantFrom('"', "\\", "a", "\u20ac", "\u{1f600}"), minLength: 300, maxLength: 1_500 })
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 3_000 }), fc.string({ unit: "binary", maxLength: 2_000 }), fc.string({ unit: "grapheme" }), escaped),
        (header) => {
          const { userAgent = "", label = "" } = describeDevice(header, undefined)
          expect(() => checkCreate({ device: { userAgent, label } }, settings)).not.toThrow()
          expect(userAgent.isWellFormed() && label.isWellFormed()).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })
})
