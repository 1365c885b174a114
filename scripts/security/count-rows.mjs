import { judge } from "./judge.mjs"
import { CONTROLS } from "./rows/controls.mjs"
import { SECTIONS } from "./rows.mjs"

/** What a report of all tests says of docs/security.md: a row whose test is not there any more, or was skipped, is one failure. Red tests are counted already. */
export function countRows(report, root) {
  const rows = judge([...SECTIONS.flatMap((section) => section.rows), ...CONTROLS], report, root)
  const complaints = rows.flatMap(({ id, tests }) =>
    tests
      .filter(({ complaint }) => complaint !== null && !complaint.startsWith("red"))
      .map(({ file, name, complaint }) => `npm run security, ${id}: ${file}: ${name}: ${complaint}`),
  )
  return { passed: 0, failed: complaints.length, complaints }
}
