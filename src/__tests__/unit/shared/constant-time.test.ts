import { expect, it } from "vitest"
import { isSameText } from "../../../shared/constant-time.js"

it("tells texts apart wherever they differ", () => {
  const text = "abcdefghijklmnopqrstuv"
  expect(isSameText(text, Array.from(text).join(""))).toBe(true)
  for (let at = 0; at < text.length; at += 1) {
    for (let bit = 0; bit < 7; bit += 1) {
      const other = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1)
      expect(isSameText(text, other), other).toBe(false)
    }
  }
})

it("tells a text from its beginning, and from more than it", () => {
  expect([isSameText("abc", "ab"), isSameText("ab", "abc"), isSameText("", "a"), isSameText("", "")]).toEqual([false, false, false, true])
})

it("leaves out what texts are known to begin with, and no more", () => {
  expect([isSameText("xbc", "abc", 1), isSameText("xbd", "abc", 1), isSameText("xcc", "abc", 1)]).toEqual([true, false, false])
})

it("looks at all characters, wherever the first difference is", () => {
  const looks = (other: string): number => {
    let count = 0
    const charCodeAt = (at: number): number => {
      count += 1
      return other.charCodeAt(at)
    }
    const watched = { length: 22, charCodeAt } as unknown as string
    isSameText("abcdefghijklmnopqrstuv", watched)
    return count
  }
  expect([looks("Abcdefghijklmnopqrstuv"), looks("abcdefghijklmnopqrstuV"), looks("abcdefghijklmnopqrstuv")]).toEqual([22, 22, 22])
})
