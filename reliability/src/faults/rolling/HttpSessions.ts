import { Agent, request } from "node:http"
import { text } from "node:stream/consumers"
import { SessionError } from "coatcheck"
import type { RecordedService } from "../../workloads/RecordedClient.js"

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, never>>
}

interface Asked {
  readonly token?: string | null | undefined
  readonly json?: object
  readonly ifVersion?: number | undefined
}

const GOES_ROUND_MS = 10_000
const AWAY = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE"])

class Unanswered extends Error {
  readonly code: string

  constructor(code: string) {
    super(`Expected an answer, got ${code}`)
    this.code = code
  }
}

/**
 * The sessions behind several processes of the HTTP service. A request whose connection is refused, or closed before a word of the answer, goes to the next
 * process: one that stops finishes what it has begun, so nothing came of it. If something did, the history tells.
 */
export class HttpSessions implements RecordedService, Disposable {
  readonly #ports: readonly number[]
  readonly #apiKey: string
  readonly #agent: Agent
  #next = 0
  requests = 0
  /** Requests that were answered with 500 or more. */
  serverErrors = 0
  /** Requests whose connection ended before the whole answer was there. */
  cutOff = 0
  /** Connections that were refused. */
  refused = 0
  /** Requests that were sent again, because their connection was closed before a word of the answer. */
  sentAgain = 0

  /** @param keepsConnections whether a connection carries one request after the other */
  constructor(ports: readonly number[], apiKey: string, keepsConnections: boolean) {
    this.#ports = ports
    this.#apiKey = apiKey
    this.#agent = new Agent({ keepAlive: keepsConnections })
  }

  readonly createSession: RecordedService["createSession"] = async ({ userId, attributes, maxSessionsPerUser }) =>
    found(await this.#ask("POST", "/v1/sessions", { json: { userId, attributes, maxSessionsPerUser } }), 201)

  readonly getSession: RecordedService["getSession"] = async (token) => sessionOf(await this.#ask("GET", "/v1/session", { token }))

  readonly updateSession: RecordedService["updateSession"] = async (token, attributes, options) =>
    sessionOf(await this.#ask("PATCH", "/v1/session", { token, json: { attributes }, ifVersion: options?.ifVersion }))

  /** Not among the routes. */
  readonly updateUserSession: RecordedService["updateUserSession"] = () => Promise.reject(new Error("Expected no update by handle over HTTP"))

  readonly extendSession: RecordedService["extendSession"] = async (token) => sessionOf(await this.#ask("POST", "/v1/session/extend", { token }))

  readonly rotateSession: RecordedService["rotateSession"] = async (token, options) => {
    const answer = await this.#ask("POST", "/v1/session/rotate", { token, json: { grace: options?.grace } })
    return answer.status === 404 ? null : found(answer, 200)
  }

  readonly deleteSession: RecordedService["deleteSession"] = async (token) => wasEnded(await this.#ask("DELETE", "/v1/session", { token }))

  readonly deleteUserSession: RecordedService["deleteUserSession"] = async (user, sessionId) =>
    wasEnded(await this.#ask("DELETE", `${pathOf(user)}/sessions/${encodeURIComponent(sessionId)}`))

  readonly deleteUserSessions: RecordedService["deleteUserSessions"] = async (user) =>
    (found(await this.#ask("POST", `${pathOf(user)}/sign-out`), 200) as { readonly ended: number }).ended

  readonly getUserSessions: RecordedService["getUserSessions"] = async (user, options) => {
    const cursor = options?.cursor === undefined ? "" : `?cursor=${encodeURIComponent(options.cursor)}`
    return found(await this.#ask("GET", `${pathOf(user)}/sessions${cursor}`), 200)
  }

  /** Sends a request to this process first; otherwise they take turns. */
  async askOf(port: number, method: string, path: string, asked: Asked = {}): Promise<Answer> {
    return this.#ask(method, path, asked, this.#ports.indexOf(port))
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  async #ask(method: string, path: string, asked: Asked = {}, first = this.#next++): Promise<Answer> {
    this.requests += 1
    const deadline = performance.now() + GOES_ROUND_MS
    for (let at = first; ; at++) {
      try {
        const answer = await this.#send(this.#ports[at % this.#ports.length] ?? 0, method, path, asked)
        if (answer.status >= 500) this.serverErrors += 1
        return answer
      } catch (error) {
        if (performance.now() < deadline && error instanceof Unanswered) {
          if (error.code === "ECONNREFUSED") this.refused += 1
          else this.sentAgain += 1
          continue
        }
        this.cutOff += 1
        throw new SessionError("ERR_STORE_UNKNOWN", `Expected an answer, got ${codeOf(error)}`)
      }
    }
  }

  async #send(port: number, method: string, path: string, { token, json, ifVersion }: Asked): Promise<Answer> {
    const body = json === undefined ? undefined : JSON.stringify(json)
    const headers: Record<string, string> = { authorization: `Bearer ${this.#apiKey}` }
    if (token) headers["x-session-token"] = token
    if (ifVersion !== undefined) headers["if-match"] = `"${ifVersion}"`
    if (body !== undefined) headers["content-type"] = "application/json"
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: this.#agent })
    return new Promise((resolve, reject) => {
      let isAnswered = false
      outgoing.on("error", (error) => reject(!isAnswered && AWAY.has(codeOf(error)) ? new Unanswered(codeOf(error)) : error))
      outgoing.on("response", (response) => {
        isAnswered = true
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer === "" ? {} : JSON.parse(answer) }), reject)
      })
      outgoing.end(body)
    })
  }
}

function found({ status, body }: Answer, expected: number): never {
  if (status === expected) return body as never
  throw refusal({ status, body })
}

function sessionOf(answer: Answer): never {
  return (answer.status === 404 ? null : (found(answer, 200) as { readonly session: never }).session) as never
}

function wasEnded(answer: Answer): boolean {
  if (answer.status === 204 || answer.status === 404) return answer.status === 204
  throw refusal(answer)
}

function refusal({ status, body }: Answer): Error {
  const { code, detail, outcome } = body as { readonly code?: never; readonly detail?: string; readonly outcome?: never }
  if (code === undefined || outcome === undefined) return new Error(`Expected an answer of the HTTP service, got status ${status}`)
  return new SessionError(code, String(detail), { outcome })
}

function pathOf(user: string): string {
  return `/v1/users/${encodeURIComponent(user)}`
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "an error without a code"
}
