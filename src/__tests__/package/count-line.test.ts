import { expect, it } from "vitest"

interface Count {
  readonly passed: number
  readonly failed: number
  readonly complaints: readonly string[]
}
interface CountLine {
  readonly countReport: (report: unknown) => Count
  readonly countOutput: (name: string, output: string, exitCode: number) => Count
}

const script = new URL("../../../scripts/count-line.mjs", import.meta.url).href
const { countReport, countOutput } = (await import(/* @vite-ignore */ script)) as CountLine

const report = (tests: readonly { readonly status: string; readonly fullName?: string }[], file = "passed", success = true) => ({
  success,
  testResults: [{ name: "a.test.ts", status: file, assertionResults: tests.map((test) => ({ fullName: "a coat is found", ...test })) }],
})

it.each([
  ["counts what passed and failed", report([{ status: "passed" }, { status: "passed" }, { status: "failed" }], "failed", false), [2, 1]],
  ["a test skipped without a reason has failed", report([{ status: "passed" }, { status: "skipped" }]), [1, 1]],
  ["a test that is still to be written has failed", report([{ status: "todo" }]), [0, 1]],
  ["a reason stands after because", report([{ status: "passed" }, { status: "skipped", fullName: "a file (because node:sqlite is absent)" }]), [1, 0]],
  ["a file that could not be loaded has failed", report([], "failed", false), [0, 1]],
  ["an error outside of any test has failed", report([{ status: "passed" }], "passed", false), [1, 1]],
])("%s", (_name, given, [passed, failed]) => {
  expect(countReport(given)).toMatchObject({ passed, failed })
})

it.each([
  ["3 passed, 1 failed\n", 1, [3, 1]],
  ["a line\nmutants killed: 18 / 20\n", 1, [18, 2]],
  ["3 passed, 0 failed\n", 1, [3, 1]],
  ["3 passed, 0 failed\nand more\n", 0, [0, 1]],
  ["0 passed, 0 failed\n", 0, [0, 1]],
] as const)("reads another command's last line: %j with exit code %i", (output, exitCode, [passed, failed]) => {
  expect(countOutput("test:other", output, exitCode)).toMatchObject({ passed, failed })
})
