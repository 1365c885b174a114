import { relative } from "node:path"

/** A vitest reporter: a line for each file that is through, and what went wrong in it. */
export default class Progress {
  #done = 0

  onTestModuleEnd(module) {
    this.#done += 1
    const tests = [...module.children.allTests()]
    const count = (state) => tests.filter((test) => test.result().state === state).length
    const seconds = (module.diagnostic().duration / 1000).toFixed(1)
    const failed = count("failed")
    const red = failed === 0 ? "" : `, ${failed} FAILED`
    const { COATCHECK_FILES_BEFORE: before, COATCHECK_FILES: of, COATCHECK_MODE: mode } = process.env
    console.error(`[${Number(before) + this.#done}/${of}] ${mode}: ${relative(process.cwd(), module.moduleId)}: ${count("passed")} passed${red} (${seconds} s)`)
    for (const error of module.errors()) console.error(`      cannot be run: ${error.message}`)
    for (const test of tests) for (const error of test.result().errors ?? []) console.error(`      ${test.fullName}: ${error.message.split("\n")[0]}`)
  }
}
