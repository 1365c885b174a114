import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
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

  /** Puts what one group came to in the place of what was there; everything else stays. */
  async keep(name: string, result: GroupResult, charts: readonly Chart[]): Promise<void> {
    await mkdir(join(this.#path, "charts"), { recursive: true })
    for (const chart of charts) await this.#write(join("charts", `${chart.name}.svg`), chart.svg)
    const results = { ...(await this.#read()), [name]: result }
    await this.#write("results.json", `${JSON.stringify(results, shortened, 1)}\n`)
    await this.#write("RESULTS.md", resultsPage(results, this.#groups))
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

/** More digits than anything measured is exact to only make the file long; what was counted is exact. */
function shortened(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}
