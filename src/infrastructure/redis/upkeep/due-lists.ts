/** Where each read is an access, the list of a session is looked after when that is used for the first time in so long a span. */
const SPAN_MS = 600_000

/**
 * Whether a session's span began between two uses of it. Spans begin at a moment of each session's own: at one for all, every read of the seconds after it would cost a
 * script of its own.
 *
 * @param before - in ms
 * @param now - in ms
 */
export function isListDue(id: string, before: number, now: number): boolean {
  const shift = shiftOf(id)
  return Math.floor((before + shift) / SPAN_MS) < Math.floor((now + shift) / SPAN_MS)
}

// Ids are random, so four characters spread as well as all.
function shiftOf(id: string): number {
  let shift = 0
  for (let at = 0; at < 4; at += 1) shift = shift * 131 + id.charCodeAt(at)
  return shift
}
