import type { Corruption } from "../../exports/testing.js"

/** A stored record after a damage of this kind. */
export function damagedRecord(record: string, how: Corruption): string {
  switch (how) {
    case "garbage":
      return '{"not":"a session"}'
    case "body":
      // Still JSON, and as long as before by one character: only the checksum can tell.
      return `${record.slice(0, -1)} }`
    case "future-layout":
      return replaceOnce(record, /("head":\[[ \d]{11},[ \d]{8},)\d/, (_, before: string) => `${before}9`)
  }
}

function replaceOnce(text: string, pattern: RegExp, by: (match: string, before: string) => string): string {
  if (!pattern.test(text)) throw new Error("Expected a record with a head, got something else")
  return text.replace(pattern, by)
}
