import type { HistoryLine } from "./history-line.js"

/**
 * A change whose reply was lost with its connection is sent once more, and what the second copy answers is true when it answers (docs/errors.md): an
 * update or a rotation that was made and whose session has ended since is told as no session, a rotation shows what others have written since, and a
 * creation no longer knows whom it ended. Calls beside which the store was away are read like this, and no others.
 *
 * @param closes - when connections were lost of a client that sends commands again by itself, so that no call fails
 * @returns the lines with what such an answer leaves open
 */
export function allowForSecondCopies(lines: readonly HistoryLine[], closes: readonly number[] = []): readonly HistoryLine[] {
  const away = [...timesAway(lines), ...closes.map((at): Span => ({ from: at, to: at }))]
  return lines.flatMap((line) => (mayBeSecondCopy(line) && away.some(({ from, to }) => line.call <= to && line.settled >= from) ? leftOpen(line) : [line]))
}

function mayBeSecondCopy({ op, outcome, value }: HistoryLine): boolean {
  if (outcome !== "ok") return false
  return op === "create" ? value.evicted?.length === 0 : op === "rotate" || (op === "update" && value.seen === null)
}

/** A rotation and, at any time after it in the same call, a read with the secret that it issued. */
export function rotatedThenRead(line: HistoryLine): readonly HistoryLine[] {
  const { value, args } = line
  const { seen, secret } = value
  if (line.op !== "rotate" || line.outcome !== "ok" || !seen || secret === undefined) return [line]
  const shown = { ...(args.session === undefined ? {} : { session: args.session }), secret }
  return [
    { ...line, value: { secret } },
    { ...line, op: "get", args: shown, value: { seen } },
  ]
}

function leftOpen(line: HistoryLine): readonly HistoryLine[] {
  if (line.op === "rotate" && line.value.seen) return rotatedThenRead(line)
  const { user, session, secret } = line.args
  const open = { ...line, ret: null, outcome: "unknown", value: {} } as const
  if (line.op === "create") return [line, { ...open, op: "deleteAll", args: user === undefined ? {} : { user } }]
  const asked = { ...(session === undefined ? {} : { session }), ...(secret === undefined ? {} : { secret }) }
  return [open, { ...line, op: "get", args: asked }]
}

interface Span {
  readonly from: number
  to: number
}

/** When calls failed because of the store, put together where they touch. */
function timesAway(lines: readonly HistoryLine[]): readonly Span[] {
  const failed = lines.filter(({ value }) => value.code?.startsWith("ERR_STORE_") === true).map(({ call, settled }): Span => ({ from: call, to: settled }))
  const spans: Span[] = []
  for (const span of failed.sort((a, b) => a.from - b.from)) {
    const last = spans.at(-1)
    if (last === undefined || span.from > last.to) spans.push(span)
    else last.to = Math.max(last.to, span.to)
  }
  return spans
}
