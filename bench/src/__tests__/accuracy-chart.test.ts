import { describe, expect, it } from "vitest"
import { accuracyChart } from "../accuracy/accuracy-chart.js"
import { accuracyOf } from "../accuracy/exact-count.js"
import { accuracyTable } from "../accuracy/replayed.js"
import { element, text } from "../charts/svg.js"

const LIMIT = { limit: 2, window: 1_000 }
const replayed = ["log", "counter <&> more, of a fifth"].flatMap((limiter) =>
  ["bursts", "edges"].map((name) => {
    const decided = [10, 20, 30].map((at, place) => ({ at, allowed: limiter !== "log" || place < 2 }))
    return { limiter, traffic: { name, times: [10, 20, 30] }, decided, accuracy: accuracyOf(decided, LIMIT) }
  }),
)

/** Takes XML apart as a strict reader does. @returns the names of its elements @throws where a tag is not closed, or text holds what it must not */
function elementsOf(xml: string): readonly string[] {
  const open: string[] = []
  const names: string[] = []
  let rest = xml.trim()
  while (rest !== "") {
    const [taken = "", closing = "", name = "", attributes = "", selfClosing = ""] =
      /^<(\/?)([\w-]+)((?: [\w-]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)(\/?)>/.exec(rest) ?? []
    const words = /^(?:[^<&]|&(?:amp|lt|gt|quot);)+/.exec(rest)?.[0] ?? ""
    if (taken === "" && (words === "" || open.length === 0)) throw new Error(`Expected XML at: ${rest.slice(0, 60)}`)
    if (closing !== "" && (open.pop() !== name || attributes !== "")) throw new Error(`Expected no such end: ${taken}`)
    if (taken !== "" && closing === "") names.push(name)
    if (taken !== "" && closing === "" && selfClosing === "") open.push(name)
    rest = rest.slice(taken === "" ? words.length : taken.length)
  }
  if (open.length > 0) throw new Error(`Expected all to be closed, got ${open.join(", ")}`)
  return names
}

describe("accuracyChart", () => {
  const svg = accuracyChart(replayed, { ...LIMIT, starts: 0 })

  it("is well-formed, one picture with a title and a description", () => {
    const names = elementsOf(svg)
    expect(names[0]).toBe("svg")
    expect(names.filter((name) => name === "title" || name === "desc")).toHaveLength(2)
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })

  it("has a panel with its limit for each limiter and kind, labels, axes, and colours for a dark page", () => {
    expect(svg.match(/<g /g)).toHaveLength(4)
    expect(svg.match(/class="limit" x1="0"/g)).toHaveLength(4)
    for (const words of ["bursts", "edges", "log", "counter &lt;&amp;&gt; more", "time, in windows", "× limit"]) expect(svg).toContain(`>${words}</text>`)
    expect(svg).toContain("prefers-color-scheme:dark")
  })

  it("marks what exceeds the limit", () => {
    expect(svg.match(/warn">most 1.50 ×/g)).toHaveLength(2)
    expect(svg.match(/small end">most 1.00 ×/g)).toHaveLength(2)
  })
})

describe("accuracyTable", () => {
  it("tells most, all, wrongly allowed and wrongly denied of each", () => {
    const [head, , log, counter] = accuracyTable(replayed).split("\n")
    expect(head).toBe("| limiter | bursts | edges |")
    expect(log).toBe("| log | 1.00 · 1.00 · 0 · 0 | 1.00 · 1.00 · 0 · 0 |")
    expect(counter).toContain("| 1.50 · 1.50 · 33.3 % · 0 |")
  })
})

describe("svg", () => {
  it("escapes words and attributes", () => {
    expect(text('a < b & "c"', 1, 2)).toBe('<text x="1" y="2">a &lt; b &amp; &quot;c&quot;</text>')
    expect(element("rect", { class: 'a"b', x: 1.26 })).toBe('<rect class="a&quot;b" x="1.3"/>')
  })
})
