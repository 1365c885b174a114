import type { Spread, Target } from "../spread.js"
import { element, picture, type Svg, text } from "./svg.js"

/** One figure, as a multiple of its baseline's. */
export interface Bar {
  readonly name: string
  readonly ratio: Spread
  /** Drawn in colour. */
  readonly isOurs: boolean
  readonly target?: Target | undefined
}

/** Bars that share a baseline. */
export interface BarGroup {
  readonly title: string
  readonly bars: readonly Bar[]
}

export interface RatioChart {
  readonly title: string
  /** What a bar is, and which way is better. */
  readonly subtitle: string
  readonly groups: readonly BarGroup[]
}

/** Of a letter of a name, with room to spare. */
const LETTER = 6.6
const LEAST_LEFT = 200
const PLOT = 480
const RIGHT = 150
const TOP = 74
const ROW = 22
const GROUP = 34
const BAR = 13

/** Bars that begin at 1, where the baseline is: to the right is more, to the left is less, each line twice as much as the one before. */
export function ratioChart({ title, subtitle, groups }: RatioChart): Svg {
  const drawn = groups.filter(({ bars }) => bars.length > 0)
  const all = drawn.flatMap(({ bars }) => bars)
  const left = Math.max(LEAST_LEFT, ...all.map(({ name }) => Math.ceil(name.length * LETTER) + 22))
  const axis = { ...axisOf(all), left }
  const bottom = TOP + drawn.reduce((sum, { bars }) => sum + GROUP + bars.length * ROW, 0)
  const said = drawn.flatMap(({ title: of, bars }) => bars.map(({ name, ratio }) => `${of}: ${name}, ${shownRatio(ratio.median)}`))
  const frame = { width: left + PLOT + RIGHT, height: bottom + 40, title, description: `${subtitle}. ${said.join("; ")}.` }
  let y = TOP
  const rows: Svg[] = []
  for (const group of drawn) {
    rows.push(text(group.title, 12, y + 22, { class: "strong" }))
    y += GROUP
    for (const bar of group.bars) {
      rows.push(...barAt(bar, axis, y))
      y += ROW
    }
  }
  return picture(frame, text(title, 12, 28, { class: "big" }), text(subtitle, 12, 48, { class: "small" }), ...grid(axis, bottom), ...rows)
}

/** Powers of two, from the first to the last. */
interface Powers {
  readonly first: number
  readonly last: number
}

interface Axis extends Powers {
  /** Where it begins: names stand before it. */
  readonly left: number
}

function axisOf(bars: readonly Bar[]): Powers {
  const values = bars.flatMap(({ ratio, target }) => [ratio.low, ratio.high, target?.value ?? 1]).filter((value) => value > 0 && Number.isFinite(value))
  const powers = values.map(Math.log2)
  return { first: Math.min(-1, Math.floor(Math.min(0, ...powers))), last: Math.max(1, Math.ceil(Math.max(0, ...powers))) }
}

function placeOf(ratio: number, { first, last, left }: Axis): number {
  const power = Math.min(last, Math.max(first, Math.log2(ratio)))
  return left + (PLOT * (power - first)) / (last - first)
}

function grid(axis: Axis, bottom: number): readonly Svg[] {
  const every = Math.ceil((axis.last - axis.first) / 12)
  const powers = Array.from({ length: axis.last - axis.first + 1 }, (_, at) => axis.first + at).filter((power) => power % every === 0)
  return powers.flatMap((power) => {
    const x = placeOf(2 ** power, axis)
    const label = power < 0 ? `1/${2 ** -power}` : String(2 ** power)
    return [
      element("line", { class: power === 0 ? "one" : "frame", x1: x, x2: x, y1: TOP, y2: bottom }),
      text(label, x, bottom + 18, { class: "small middle" }),
    ]
  })
}

function barAt({ name, ratio, isOurs, target }: Bar, axis: Axis, y: number): readonly Svg[] {
  const [one, end] = [placeOf(1, axis), placeOf(ratio.median, axis)]
  const middle = y + BAR / 2
  const range = [placeOf(ratio.low, axis), placeOf(ratio.high, axis)] as const
  return [
    text(name, axis.left - 10, y + 11, { class: "end" }),
    element("rect", { class: isOurs ? "ours" : "other", x: Math.min(one, end), y, width: Math.max(1, Math.abs(end - one)), height: BAR }),
    element("line", { class: "range", x1: range[0], x2: range[1], y1: middle, y2: middle }),
    ...(target === undefined ? [] : [targetMark(placeOf(target.value, axis), y)]),
    text(`${shownRatio(ratio.median)}${target === undefined ? "" : ` (${target.kind} ${shownRatio(target.value)})`}`, axis.left + PLOT + 10, y + 11, {
      class: "small",
    }),
  ]
}

function targetMark(x: number, y: number): Svg {
  return element("line", { class: "limit", x1: x, x2: x, y1: y - 3, y2: y + BAR + 3 })
}

function shownRatio(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
