/** A piece of SVG. */
export type Svg = string

type Attributes = Readonly<Record<string, string | number>>

/** An element with attributes and what lies in it, all of which is SVG already. */
export function element(name: string, attributes: Attributes, ...children: readonly Svg[]): Svg {
  const written = attributesOf(attributes)
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`
}

function attributesOf(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? Number(value.toFixed(1)) : escaped(value)}"`)
    .join("")
}

export function text(words: string, x: number, y: number, attributes: Attributes = {}): Svg {
  return element("text", { x, y, ...attributes }, escaped(words))
}

/** A line through points. */
export function line(points: readonly (readonly [number, number])[], attributes: Attributes): Svg {
  return element("polyline", { points: points.map(([x, y]) => `${Number(x.toFixed(1))},${Number(y.toFixed(1))}`).join(" "), ...attributes })
}

/** A whole picture, in the colours of the reader's choice. `title` and `description` are read aloud. */
export function picture({ width, height, title, description }: Frame, ...children: readonly Svg[]): Svg {
  return `${element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", ...sizeOf(width, height), role: "img", "aria-labelledby": "title description" },
    element("title", { id: "title" }, escaped(title)),
    element("desc", { id: "description" }, escaped(description)),
    element("style", {}, STYLE),
    element("rect", { class: "paper", width: "100%", height: "100%" }),
    ...children,
  )}\n`
}

function sizeOf(width: number, height: number): Attributes {
  return { viewBox: `0 0 ${width} ${height}`, width, height }
}

/** Of a small letter, with room to spare. */
const SMALL_LETTER = 5.8
const SMALL_LINE = 14
const MARGIN = 12

/** A picture that is taller by the small words below it. */
export function withFoot(svg: Svg, words: string): Svg {
  const [size = "", width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)" width="[\d.]+" height="[\d.]+"/.exec(svg) ?? []
  const lines = wrapped(words, (Number(width) - 2 * MARGIN) / SMALL_LETTER)
  const foot = lines.map((one, at) => text(one, MARGIN, Number(height) + (at + 1) * SMALL_LINE, { class: "small" })).join("")
  const taller = sizeOf(Number(width), Number(height) + lines.length * SMALL_LINE + MARGIN)
  return svg.replace(size, attributesOf(taller).trimStart()).replace(/<\/svg>\n$/, () => `${foot}</svg>\n`)
}

function wrapped(words: string, letters: number): readonly string[] {
  const lines: string[] = []
  let line = ""
  for (const word of words.split(" ")) {
    if (line !== "" && line.length + word.length >= letters) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

export interface Frame {
  readonly width: number
  readonly height: number
  readonly title: string
  readonly description: string
}

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#1f2328}.big{font-size:17px;font-weight:600}.small{font-size:11px;fill:#59636e}.end{text-anchor:end}.middle{text-anchor:middle}
.paper{fill:#fff}.frame{fill:none;stroke:#d1d9e0}.asked{fill:#d1d9e0;stroke:none}.drawn{fill:none;stroke:#0969da;stroke-width:1.5}.limit{stroke:#d1242f;stroke-dasharray:4 3}.warn{fill:#d1242f;font-weight:600}
.strong{font-weight:600}.ours{fill:#0969da}.other{fill:#afb8c1}.one{stroke:#59636e}.range{stroke:#1f2328;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.paper{fill:#0d1117}.frame{stroke:#3d444d}.asked{fill:#3d444d}.drawn{stroke:#58a6ff}.limit{stroke:#ff7b72}.warn{fill:#ff7b72}.ours{fill:#58a6ff}.other{fill:#6e7681}.one{stroke:#9198a1}.range{stroke:#f0f6fc}}
`

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
}
