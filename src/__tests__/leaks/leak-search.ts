/** What must not be found, by the name under which a finding is reported. */
export type Hidden = ReadonlyMap<string, string>

/**
 * The ways in which a text may lie somewhere: as it is, in an URL, as hexadecimal digits and as base64 of its letters; and of the bytes that it
 * stands for where it is base64url itself. Base64 shifts with what stands before, so all three shifts are looked for, without the letters at the
 * ends, which depend on the neighbours.
 */
export function spellings(text: string): readonly string[] {
  const all = new Set([text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), ...encoded(Buffer.from(text))])
  if (/^[\w-]{43}$/.test(text)) for (const spelling of encoded(Buffer.from(text, "base64url"))) all.add(spelling)
  return [...all]
}

function encoded(bytes: Buffer): readonly string[] {
  const shifts = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "")
    return whole.slice(shift === 0 ? 0 : 4, whole.length - 1)
  })
  return [bytes.toString("hex"), bytes.toString("hex").toUpperCase(), ...shifts, ...shifts.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))]
}

/** The names of all that is found in a text or in the raw bytes of a file. */
export function leaksIn(haystack: string | Buffer, hidden: Hidden): readonly string[] {
  const text = typeof haystack === "string" ? haystack : haystack.toString("latin1")
  return [...hidden].filter(([, value]) => spellings(value).some((spelling) => text.includes(spelling))).map(([name]) => name)
}
