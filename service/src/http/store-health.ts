import type { DoctorFinding, DoctorReport } from "coatcheck"
import type { Logger } from "pino"
import { describeFailure } from "./request-log.js"

/** How long a report serves further requests: the route that asks needs no key, so it must not be a way to keep the store busy. */
const FRESH_MS = 1_000

/** What `doctor` found, or that it found nothing out. */
interface Finding extends Omit<DoctorFinding, "check"> {
  readonly check: DoctorFinding["check"] | "examination"
}

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

  /** Names of the checks that found a problem, each once; from a report of the last second. */
  problems(): Promise<readonly string[]> {
    if (this.#latest === null || performance.now() - this.#latest.at > FRESH_MS) {
      this.#latest = { at: performance.now(), problems: this.#examine() }
    }
    return this.#latest.problems
  }

  /** Logs each warning and problem once, until it is gone and comes back. */
  async #examine(): Promise<readonly string[]> {
    const findings: readonly Finding[] = await this.#sessions.doctor().then(({ findings }) => findings, unexamined)
    const notable = findings.filter(({ level }) => level === "warning" || level === "problem")
    for (const finding of notable) if (!this.#told.has(keyOf(finding))) this.#tell(finding)
    // What could not be looked at may still be as it was.
    const before = findings.some(({ check }) => check === "examination") ? this.#told : []
    this.#told = new Set([...before, ...notable.map(keyOf)])
    return [...new Set(notable.filter(({ level }) => level === "problem").map(({ check }) => check))]
  }

  /** `level` is the logger's own name. */
  #tell({ level: severity, ...finding }: Finding): void {
    this.#logger.warn({ severity, ...finding }, `the store has a ${severity}: ${finding.check}`)
  }
}

/** A store that answered a moment ago serves, as far as anybody knows. */
function unexamined(error: unknown): readonly Finding[] {
  const found = describeFailure(error) ?? "an unknown error"
  return [{ check: "examination", level: "problem", found, remedy: "See whether the servers of the store run and answer in time." }]
}

function keyOf({ check, level, node }: Finding): string {
  return [level, check, node].join(" ")
}
