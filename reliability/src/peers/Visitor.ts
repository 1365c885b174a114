/** A status, or that there was none in time. */
export type Outcome = "done" | "no session" | "failed" | "hung"

const HANGS_MS = 3_000

/** A browser with one cookie. */
export class Visitor {
  readonly #origin: string
  #cookie = ""
  calls = 0
  hung = 0
  failed = 0

  constructor(origin: string) {
    this.#origin = origin
  }

  async signIn(): Promise<void> {
    const { outcome } = await this.#ask("POST", "/sign-in")
    if (outcome !== "done") throw new Error(`Expected a sign-in to be answered, got: ${outcome}`)
  }

  async set(attribute: string, value: string, thinkMs: number): Promise<Outcome> {
    return (await this.#ask("POST", `/set/${attribute}/${value}/${thinkMs}`)).outcome
  }

  async look(): Promise<{ readonly outcome: Outcome; readonly attributes: Readonly<Record<string, unknown>> }> {
    return this.#ask("GET", "/session")
  }

  async signOut(): Promise<Outcome> {
    return (await this.#ask("POST", "/sign-out")).outcome
  }

  async #ask(method: string, path: string): Promise<{ readonly outcome: Outcome; readonly attributes: Readonly<Record<string, unknown>> }> {
    this.calls += 1
    try {
      const response = await fetch(this.#origin + path, { method, headers: { cookie: this.#cookie }, signal: AbortSignal.timeout(HANGS_MS) })
      const [cookie] = response.headers.getSetCookie()
      if (cookie !== undefined) this.#cookie = cookie.split(";")[0] ?? ""
      const attributes = ((await response.json()) ?? {}) as Readonly<Record<string, unknown>>
      const outcome = response.ok ? "done" : response.status === 401 ? "no session" : "failed"
      if (outcome === "failed") this.failed += 1
      return { outcome, attributes }
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "TimeoutError") throw error
      this.hung += 1
      return { outcome: "hung", attributes: {} }
    }
  }
}
