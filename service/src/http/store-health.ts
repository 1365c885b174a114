import type { DoctorFinding, DoctorReport } from "coatcheck"
import type { Logger } from "pino"

/** How long a report serves further requests: the route that asks needs no key, so it must not be a way to keep the store busy. */
const FRESH_MS = 1_000

/** What stands against the store now, for the route that tells whether the service is ready, and for the log. */
export class StoreHealth {
  readonly #sessions: { doctor(): Promise<DoctorReport> }
  readonly #logger: Logger
  #told = new Set<string>()
  #latest: { readonly at: number; readonly problems: Promise<readonly string[]> } | null = null

  constructor(sessions: { doctor(): Promise<DoctorReport> }, logger: Logger) {
    this.#sessions = sessions
    this.#logger = logger
  }

  /**
   * Names of the checks that found a problem, each once; from a report of the last second.
   *
   * @throws ERR_STORE_… when the store does not answer
   */
  problems(): Promise<readonly string[]> {
    if (this.#latest === null || performance.now() - this.#latest.at > FRESH_MS) {
      const problems = this.#examine()
      this.#latest = { at: performance.now(), problems }
      // A store that is back must not be called away for another second.
      problems.catch(() => {
        this.#latest = null
      })
    }
    return this.#latest.problems
  }

  /** Logs each warning and problem once, until it is gone and comes back. */
  async #examine(): Promise<readonly string[]> {
    const { findings } = await this.#sessions.doctor()
    const notable = findings.filter(({ level }) => level === "warning" || level === "problem")
    for (const finding of notable) if (!this.#told.has(keyOf(finding))) this.#tell(finding)
    this.#told = new Set(notable.map(keyOf))
    return [...new Set(notable.filter(({ level }) => level === "problem").map(({ check }) => check))]
  }

  /** `level` is the logger's own name. */
  #tell({ level: severity, ...finding }: DoctorFinding): void {
    this.#logger.warn({ severity, ...finding }, `the store has a ${severity}: ${finding.check}`)
  }
}

function keyOf({ check, level, node }: DoctorFinding): string {
  return [level, check, node].join(" ")
}
