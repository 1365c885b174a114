// What the tests that were run say of a row: a requirement or an attack, the tests that show it, and what is not there.

/** The file of a test as rows name it: from `src/__tests__`, or from the service's when it begins with `service/`. */
export function testFile(name) {
  return name.startsWith("service/") ? `service/src/__tests__/${name.slice("service/".length)}.test.ts` : `src/__tests__/${name}.test.ts`
}

/** All files that rows name, each once. */
export function testFiles(rows) {
  return [...new Set(rows.flatMap(({ shown = [] }) => shown.map(([file]) => testFile(file))))]
}

/**
 * What a row claims before any test is run: `shown` by tests, shown in `part` (then `open` says what is missing), `not yet` delivered, or `not ours` to do.
 * A row that claims nothing is a mistake in the table.
 */
export function claimOf({ id, shown = [], open, notOurs }) {
  if (shown.length > 0 && notOurs === undefined) return open === undefined ? "shown" : "part"
  if (shown.length === 0 && notOurs === undefined && open !== undefined) return "not yet"
  if (shown.length === 0 && open === undefined && notOurs !== undefined) return "not ours"
  throw new Error(`${id}: expected tests, tests with what is open, what is open, or why it is not ours`)
}

/**
 * Judges rows by a vitest report: `FAILED` when a named test is not there, was not run, was skipped or is red; otherwise what the row claims.
 *
 * @returns for each row its `result`, and its `tests` with `passed` of how many, and a `complaint` where something is wrong
 */
export function judge(rows, report, root) {
  const tests = new Map(report.testResults.map((file) => [file.name, file.assertionResults]))
  return rows.map((row) => {
    const judged = (row.shown ?? []).map(([file, name]) => judgeTest(testFile(file), name, tests.get(`${root}/${testFile(file)}`)))
    const claim = claimOf(row)
    return { ...row, result: judged.some(({ complaint }) => complaint !== null) ? "FAILED" : claim, tests: judged }
  })
}

/** Several tests bear a name when it is part of theirs, as it is with those of a table: all of them must pass. */
function judgeTest(file, name, ofFile) {
  const found = (ofFile ?? []).filter(({ fullName }) => fullName.includes(name))
  const passed = found.filter(({ status }) => status === "passed").length
  return { file, name, passed, total: found.length, complaint: complaintOf(ofFile, found, passed) }
}

function complaintOf(ofFile, found, passed) {
  if (ofFile === undefined) return "this file was not run"
  if (found.length === 0) return "no test bears this name"
  const red = found.find(({ status }) => status === "failed")
  if (red !== undefined) return `red: ${red.fullName}`
  return passed === found.length ? null : "skipped"
}
