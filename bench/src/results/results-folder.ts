import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { Chart } from "../charts/chart.js"
import type { Group } from "../group.js"
import type { GroupResult, Results } from "./results.js"
import { resultsPage } from "./results-page.js"

/** Where results lie: `RESULTS.md`, `results.json`, and `charts/`. */
export class ResultsFolder {
  readonly #path: string
  readonly #groups: Readonly<Record<string, Pick<Group, "about">>>

  constructor(path: string, groups: Readonly<Record<string, Pick<Group, "about">>>) {
    this.#path = path
    this.#groups = groups
  }

  /**
   * Makes it, and sees that it can be written: better now than when all is measured.
   *
   * @throws Error that says what to do where it cannot, or holds what no run wrote
   */
  async prepare(): Promise<void> {
    const trial = join(this.#path, "charts", ".trial")
    try {
      await makeFolder(join(this.#path, "charts"))
      await writeFile(trial, "")
      await rm(trial)
      await this.#read()
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new Error(`Expected ${join(this.#path, "results.json")} to be what a run wrote; move it elsewhere`, { cause: error })
      const { code } = error as NodeJS.ErrnoException
      throw new Error(`Expected a folder that can be written, but ${this.#path} cannot (${code}); name another one with --out`, { cause: error })
    }
  }

  /** Puts what one group came to in the place of what was there; everything else stays. */
  async keep(name: string, result: GroupResult, charts: readonly Chart[]): Promise<void> {
    await makeFolder(join(this.#path, "charts"))
    for (const chart of charts) await this.#write(join("charts", `${chart.name}.svg`), chart.svg)
    await this.#write("results.json", `${JSON.stringify({ ...(await this.#read()), [name]: result }, shortened, 1)}\n`)
    // Of what lies there: what is rounded twice may differ from what is rounded once.
    await this.#write("RESULTS.md", resultsPage(await this.#read(), this.#groups))
  }

  async #read(): Promise<Results> {
    try {
      return JSON.parse(await readFile(join(this.#path, "results.json"), "utf8")) as Results
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {}
      throw error
    }
  }

  /** At once: a run that is ended meanwhile leaves no half of a file. */
  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#path, name)
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  }
}

/** Step by step: below `/proc`, Node's own recursion never ends. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST") return
    if (code !== "ENOENT" || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path)
  }
}

/** More digits than anything measured is exact to only make the file long; what was counted is exact. */
function shortened(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}
