import { describe, expect, it } from "vitest"
import { ratioChart } from "../charts/ratio-chart.js"
import { withFoot } from "../charts/svg.js"

const at = (median: number) => ({ low: median, median, high: median })
const chartOf = (...ratios: readonly number[]) =>
  ratioChart({
    title: "Rates <here>",
    subtitle: "more is better",
    groups: [{ title: "beside raw", bars: ratios.map((ratio) => ({ name: `row ${ratio}`, ratio: at(ratio), isOurs: ratio > 1 })) }],
  })
const bars = (svg: string) =>
  [...svg.matchAll(/<rect class="(ours|other)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(([, kind, x, width]) => ({
    kind,
    x: Number(x),
    width: Number(width),
  }))

describe("ratioChart", () => {
  it("draws twice as much as far to the right as half as much to the left", () => {
    const [twice, half] = bars(chartOf(2, 0.5))
    expect(twice?.width).toBeCloseTo(half?.width ?? 0)
    expect(half?.x).toBeLessThan(twice?.x ?? 0)
    expect((half?.x ?? 0) + (half?.width ?? 0)).toBeCloseTo(twice?.x ?? 0)
  })

  it("keeps every bar within the picture, however large its ratio", () => {
    const svg = chartOf(100, 1, 0.01)
    const width = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1])
    for (const bar of bars(svg)) expect(bar.x + bar.width).toBeLessThan(width)
  })

  it("leaves room for the longest name", () => {
    const name = "n".repeat(80)
    const svg = ratioChart({ title: "t", subtitle: "s", groups: [{ title: "g", bars: [{ name, ratio: at(1), isOurs: true }] }] })
    expect(Number(/<text x="([\d.]+)"[^>]*class="end">n/.exec(svg)?.[1])).toBeGreaterThan(80 * 6)
  })

  it("has room below for what it was made with, over several lines", () => {
    const chart = chartOf(2)
    const heightOf = (svg: string) => Number(/viewBox="0 0 [\d.]+ ([\d.]+)"/.exec(svg)?.[1])
    const svg = withFoot(chart, `made with ${"a-package 1.2.3 ".repeat(20)}& <more>`)
    const lines = [...svg.slice(chart.length - "</svg>\n".length).matchAll(/ y="([\d.]+)"/g)].map(([, y]) => Number(y))
    expect(lines).toHaveLength(3)
    for (const y of lines) {
      expect(y).toBeGreaterThan(heightOf(chart))
      expect(y).toBeLessThan(heightOf(svg))
    }
    expect(svg).toMatch(/&amp; &lt;more&gt;<\/text><\/svg>\n$/)
  })

  it("marks a target", () => {
    const bar = { name: "row", ratio: at(1.5), isOurs: true, target: { kind: "at least", value: 2 } as const }
    const svg = ratioChart({ title: "t", subtitle: "s", groups: [{ title: "g", bars: [bar] }] })
    expect(svg).toContain('class="limit"')
    expect(svg).toContain("1.5 (at least 2)")
    expect(chartOf(1.5)).not.toContain('class="limit"')
  })

  it("says in words what it draws, and takes names for text", () => {
    const svg = chartOf(2)
    expect(svg).toContain("beside raw: row 2, 2")
    expect(svg).toContain("Rates &lt;here&gt;")
    expect(svg).not.toContain("Rates <here>")
  })

  it("leaves out groups without bars", () =>
    expect(ratioChart({ title: "t", subtitle: "s", groups: [{ title: "a group without bars", bars: [] }] })).not.toContain("a group without bars"))
})
