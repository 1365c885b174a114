import { describe, expect, it } from "vitest"
import { checkUserId } from "../../../../../infrastructure/services/session/checked-options.js"

describe("checkUserId", () => {
  it.each([
    ["x", 512],
    ['"', 256],
    ["\\", 256],
    ["\n", 256],
    ["\u0001", 85],
  ])("takes %j at most %i times, and says that bytes count as JSON", (character, most) => {
    expect(checkUserId(character.repeat(most), "userId")).toHaveLength(most)
    expect(() => checkUserId(character.repeat(most + 1), "userId")).toThrow("userId to be 1 to 512 bytes of well-formed text, counted as JSON, got a string of")
  })
})
