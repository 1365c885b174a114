import { element, line, picture, type Svg, text } from "../charts/svg.js"
import { type LimitOf, mostInParts } from "./exact-count.js"
import type { Replayed } from "./replayed.js"

/** How much of each traffic is drawn, in windows. */
const DRAWN = 9
const PANEL = { width: 210, height: 62, gap: 14 } as const
const LEFT = 172
const TOP = 112
/** The most that is drawn, in limits. */
const HIGHEST = 3
const BUCKETS = 126

/** A small picture for each limiter and kind of traffic: what it admitted within the last window, over time, beside what was asked and the limit. */
export function accuracyChart(replayed: readonly Replayed[], { limit, window, starts }: LimitOf & { readonly starts: number }): Svg {
  const kinds = [...new Set(replayed.map(({ traffic }) => traffic.name))]
  const limiters = [...new Set(replayed.map(({ limiter }) => limiter))]
  const left = (column: number): number => LEFT + column * (PANEL.width + PANEL.gap)
  const top = (row: number): number => TOP + row * (PANEL.height + PANEL.gap)
  const part = { starts, ends: starts + DRAWN * window, buckets: BUCKETS }
  const frame = {
    width: left(kinds.length) + 8,
    height: top(limiters.length) + 34,
    title: `What each limiter admits of the same requests, with a limit of ${limit} in any ${window / 1_000} s`,
    description: `For each limiter and kind of traffic, the requests that were admitted within the last window over time, beside those that came and the limit. ${replayed.map(({ limiter, traffic, accuracy }) => `${limiter}, ${traffic.name}: at most ${accuracy.most.toFixed(2)} of the limit`).join("; ")}.`,
  }
  const points = (times: readonly number[]): Points => pointsOf(mostInParts(times, part, window).map((count) => count / limit))
  const asked = kinds.map((kind, column) => area(`asked-${column}`, points(replayed.find(({ traffic }) => traffic.name === kind)?.traffic.times ?? [])))
  const panels = replayed.map(({ limiter, traffic, decided, accuracy }) => {
    const admitted = decided.filter(({ allowed }) => allowed).map(({ at }) => at)
    const column = kinds.indexOf(traffic.name)
    return element(
      "g",
      { transform: `translate(${left(column)} ${top(limiters.indexOf(limiter))})` },
      ...panel(`asked-${column}`, points(admitted)),
      mostOf(accuracy.most),
    )
  })
  return picture(
    frame,
    element("defs", {}, ...asked),
    text(frame.title, 12, 28, { class: "big" }),
    ...legend(),
    ...kinds.map((kind, column) => text(kind, left(column) + PANEL.width / 2, TOP - 10, { class: "middle" })),
    ...limiters.flatMap((limiter, row) => rowLabels(limiter, top(row))),
    ...panels,
    ...kinds.flatMap((_kind, column) => timeAxis(left(column), top(limiters.length) - PANEL.gap)),
  )
}

/** Of a line that is drawn in a panel. */
type Points = readonly (readonly [number, number])[]

function pointsOf(limits: readonly number[]): Points {
  return limits.map((value, at) => [((at + 0.5) * PANEL.width) / limits.length, heightOf(value)])
}

/** The same below each limiter, so it is written once. */
function area(id: string, points: Points): Svg {
  return line([[0, PANEL.height], ...points, [PANEL.width, PANEL.height]], { id, class: "asked" })
}

function panel(asked: string, drawn: Points): readonly Svg[] {
  return [
    element("use", { href: `#${asked}` }),
    element("rect", { class: "frame", width: PANEL.width, height: PANEL.height }),
    element("line", { class: "limit", x1: 0, x2: PANEL.width, y1: heightOf(1), y2: heightOf(1) }),
    line(drawn, { class: "drawn" }),
  ]
}

function mostOf(most: number): Svg {
  return text(`most ${most.toFixed(2)} ×`, PANEL.width - 4, 12, { class: most > 1 ? "small end warn" : "small end" })
}

function heightOf(limits: number): number {
  return PANEL.height * (1 - Math.min(limits, HIGHEST) / HIGHEST)
}

function legend(): readonly Svg[] {
  const y = 56
  return [
    element("rect", { class: "asked", x: 12, y: y - 9, width: 18, height: 10 }),
    text("came within the last window", 36, y),
    line(
      [
        [216, y - 4],
        [234, y - 4],
      ],
      { class: "drawn" },
    ),
    text("admitted of them", 240, y),
    element("line", { class: "limit", x1: 354, x2: 372, y1: y - 4, y2: y - 4 }),
    text("the limit", 378, y),
    text(`most: in any window of the whole run, of which the first ${DRAWN} are drawn`, 446, y, { class: "small" }),
    text("× limit", LEFT - 6, TOP - 10, { class: "small end" }),
  ]
}

function rowLabels(limiter: string, y: number): readonly Svg[] {
  const [name = "", ...detail] = limiter.split(", ")
  return [
    text(name, 12, y + 26),
    text(detail.join(", "), 12, y + 42, { class: "small" }),
    ...[0, 1, 2].map((limits) => text(String(limits), LEFT - 6, y + heightOf(limits) + 4, { class: "small end" })),
  ]
}

function timeAxis(x: number, y: number): readonly Svg[] {
  return [
    ...[0, 2, 4, 6, 8].map((window) => text(String(window), x + (window * PANEL.width) / DRAWN, y + 15, { class: "small middle" })),
    text("time, in windows", x + PANEL.width / 2, y + 30, { class: "small middle" }),
  ]
}
