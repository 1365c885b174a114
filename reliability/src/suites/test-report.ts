import { readFile } from "node:fs/promises"

/** What of vitest's report in JSON is looked at. */
interface VitestReport {
  readonly numPassedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly success: boolean
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string; readonly failureMessages?: readonly string[] }[]
  }[]
}

export interface TestReport {
  readonly passed: number
  readonly skipped: number
  /** The names of what failed, with the first line of why. */
  readonly failures: readonly string[]
}

/** Reads what a run of vitest wrote. @param stderr of that run, for when it wrote nothing @throws when it wrote nothing */
export async function readTestReport(file: string, stderr: string): Promise<TestReport> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new Error(`Expected a report of the tests, got none: ${stderr.trim().split("\n").slice(-3).join(" ")}`)
  })
  const { numPassedTests, numPendingTests, numTodoTests, success, testResults } = JSON.parse(text) as VitestReport
  const failures = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed")
    const unloaded = status === "failed" && failed.length === 0 ? [`${name}: ${firstLine(message)}`] : []
    return [...failed.map(({ fullName, failureMessages = [] }) => `${fullName}: ${firstLine(failureMessages[0] ?? "")}`), ...unloaded]
  })
  // Something beside the tests, such as an error that nobody caught.
  if (!success && failures.length === 0) failures.push("the run failed, but no test did")
  return { passed: numPassedTests, skipped: numPendingTests + numTodoTests, failures }
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? ""
}
