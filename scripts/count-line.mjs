// What a run of tests came to, as the one line that closes it: "N passed, N failed".

/**
 * Counts a vitest JSON report. A file that could not be loaded is one failed test, and so is a test that was skipped without a reason.
 * The reason stands in the title of the test or of a group around it, after "because": `it.skipIf(…)("… because this Node has no node:sqlite")`.
 */
export function countReport(report) {
  const complaints = []
  let [passed, failed] = [0, 0]
  for (const file of report.testResults) {
    const tests = file.assertionResults
    const before = failed
    for (const test of tests) {
      if (test.status === "passed") passed++
      else if (test.status === "failed") failed++
      else if (!/\bbecause\b/.test(test.fullName)) {
        failed++
        complaints.push(`Skipped without a reason: ${test.fullName} (${file.name})`)
      }
    }
    if (file.status === "failed" && failed === before) {
      failed++
      complaints.push(`Could not be run: ${file.name}`)
    }
  }
  // An error outside of any test (an unhandled rejection, say) fails the run without failing a test.
  if (!report.success && failed === 0) {
    failed++
    complaints.push("The run failed outside of any test")
  }
  return { passed, failed, complaints }
}

/** Reads the count of another test command from its last line: "N passed, N failed", or "killed / total" of the mutants. */
export function countOutput(name, output, exitCode) {
  const last = output.trimEnd().split("\n").at(-1) ?? ""
  const counted = /^(\d+) passed, (\d+) failed$/.exec(last)
  const killed = /\b(\d+) ?\/ ?(\d+)\b/.exec(last)
  const [passed, failed] = counted ? [Number(counted[1]), Number(counted[2])] : killed ? [Number(killed[1]), Number(killed[2]) - Number(killed[1])] : [0, 0]
  if (passed + failed === 0) return { passed, failed: 1, complaints: [`${name}: its last line holds no count`] }
  if (exitCode !== 0 && failed === 0) return { passed, failed: 1, complaints: [`${name}: exit code ${exitCode}`] }
  return { passed, failed, complaints: [] }
}

/** Prints the complaints, then the line, and returns the exit code: 0 only when something ran and nothing failed. */
export function closeWithCount(counts) {
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0)
  for (const complaint of counts.flatMap((count) => count.complaints)) console.error(complaint)
  if (sum("passed") + sum("failed") === 0) console.error("No test ran")
  console.log(`${sum("passed")} passed, ${sum("failed")} failed`)
  return sum("passed") > 0 && sum("failed") === 0 ? 0 : 1
}
