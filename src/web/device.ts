import Bowser from "bowser"
import type { Device } from "../domain/interfaces/session/ISessionService.js"

const USER_AGENT_BYTES = 1_024
const LABEL_BYTES = 256
/** Browsers name themselves within this; a parser need not be shown more by a stranger. */
const PARSED_CHARACTERS = 512
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu

/** What a session remembers of where it was opened, cut to what it can hold. All of it is the client's own claim. */
export function describeDevice(userAgent: string | undefined, ip: string | undefined): Device {
  const clean = cut(userAgent ?? "", USER_AGENT_BYTES)
  return { ip, userAgent: clean || undefined, label: cut(labelOf(clean.slice(0, PARSED_CHARACTERS)), LABEL_BYTES) || undefined }
}

/** "Firefox on Windows"; what is not known is left out. */
function labelOf(userAgent: string): string {
  if (userAgent === "") return ""
  const { browser, os } = Bowser.parse(userAgent)
  return [browser.name, os.name].filter(Boolean).join(" on ")
}

/** Without control characters, and at most so many bytes of whole characters. */
function cut(text: string, bytes: number): string {
  const clean = text.slice(0, bytes).replace(CONTROLS, "").trim().toWellFormed()
  if (storedBytes(clean) <= bytes) return clean
  let end = 0
  let size = 0
  for (const character of clean) {
    size += storedBytes(character)
    if (size > bytes) break
    end += character.length
  }
  return clean.slice(0, end)
}

/** As a session counts them: a quote or a backslash takes two. */
function storedBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2
}
