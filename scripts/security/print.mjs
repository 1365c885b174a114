// The results as text for a terminal.
const WIDTH = 10
const MARKS = { yes: "yes", part: "part", no: "-", none: "n/a" }

export function matrix({ title, rows }, mode) {
  return rows.length === 0 ? "" : [`\n== ${title}, ${mode}`, ...rows.map(renderRow)].join("\n")
}

function renderRow({ id, text, result, open, notOurs, tests }) {
  const lines = [`${id.padEnd(WIDTH)}${result.padEnd(WIDTH)}${text}`]
  for (const { file, name, passed, total, complaint } of tests) {
    lines.push(indent(complaint === null ? `ok ${passed}/${total}  ${file}: ${name}` : `FAILED  ${file}: ${name} (${complaint})`))
  }
  if (open !== undefined) lines.push(indent(`open: ${open}`))
  if (notOurs !== undefined) lines.push(indent(`because ${notOurs}`))
  return lines.join("\n")
}

const indent = (text) => `${" ".repeat(2 * WIDTH)}${text}`

/** Our own column beside those of others; its tests are those of the rows that are listed below it. */
export function comparison(controls, peers, mode) {
  if (controls.length === 0) return ""
  const head = ["", "coatcheck", ...peers.map(({ short }) => short)]
  const body = controls.map(({ id, result, peers: theirs }) => [id, result === "FAILED" ? result : MARKS[OURS[result]], ...theirs.map((mark) => MARKS[mark])])
  const widths = head.map((_cell, at) => Math.max(...[head, ...body].map((line) => line[at].length)) + 2)
  const render = (line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at]))
      .join("")
      .trimEnd()
  return [
    `\n== Beside others, ${mode}: what is on by default (C9 to C13, C17, C20: what is offered)`,
    ...[head, ...body].map(render),
    "",
    ...controls.map(renderRow),
  ].join("\n")
}

/** How a row's result reads in the comparison. */
export const OURS = { shown: "yes", part: "part", "not yet": "no", "not ours": "none" }

/** What tests measured of the time that answers take, in microseconds. Nothing is asserted of it. */
export function timings(report) {
  return report.testResults.flatMap((file) => file.assertionResults).flatMap(({ meta }) => meta?.answerTimes ?? [])
}

/** What the rows come to in one mode, in one line. */
export function countLine({ mode, judged, sound }) {
  const count = (result) => judged.filter((row) => row.result === result).length
  const counts = ["shown", "part", "not yet", "not ours", "FAILED"].map((result) => `${count(result)} ${result}`)
  return `${mode}: ${counts.join(", ")}${sound ? "" : ", and FAILED outside of any row"}`
}

export function summary({ mode, judged, times, sound }) {
  const lines = times.map(({ what, lower, median, upper, samples }) => {
    const microseconds = [median, lower, upper].map((value) => value.toFixed(0).padStart(6))
    return `${what.padEnd(60)} median${microseconds[0]} µs, half of them${microseconds[1]} to${microseconds[2]} µs (${samples} answers)`
  })
  const failed = judged.filter(({ result }) => result === "FAILED")
  return [
    ...(lines.length > 0 ? [`\n== How long a refusal takes, ${mode} (measured, not judged)`, ...lines] : []),
    ...(failed.length > 0 ? [`\n== Rows that failed, ${mode}`, ...failed.map(renderRow)] : []),
    ...(sound ? [] : ["\nThe tests failed outside of any row: see above"]),
    `\n${countLine({ mode, judged, sound })}`,
  ].join("\n")
}
