/** Bytes of a session's JSON: user id, device and attributes. */
export const PAYLOAD_BYTES = 450
/** Sessions a user. */
export const PER_USER = 2

/** What an application keeps of a user. */
export interface Payload {
  readonly userId: string
  readonly device: { readonly ip: string; readonly userAgent: string }
  readonly attributes: { readonly roles: readonly string[]; readonly views: number; readonly theme: string; readonly note: string }
}

const DEVICE = { ip: "203.0.113.7", userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" } as const

/** The same size for each user, whatever its number of up to seven digits. */
export function payloadOf(user: number, bytes = PAYLOAD_BYTES): Payload {
  // Worked out once: this is called while creations are measured.
  const note = notes.get(bytes) ?? "n".repeat(bytes - JSON.stringify(filled(user, "")).length)
  notes.set(bytes, note)
  return filled(user, note)
}

/** By the size that they fill a session to. */
const notes = new Map<number, string>()

function filled(user: number, note: string): Payload {
  return { userId: userName(user), device: DEVICE, attributes: { roles: ["member", "editor"], views: 0, theme: "dark", note } }
}

export function userName(user: number): string {
  return `user-${String(user).padStart(7, "0")}`
}
