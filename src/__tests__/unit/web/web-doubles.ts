import { SessionError, type SessionErrorCode } from "../../../domain/errors.js"
import type { RequestHead, ResponseHead } from "../../../web/contract.js"

/** The code that a call fails with; what else it throws is thrown on. */
export function codeOf(call: () => unknown): SessionErrorCode | null {
  try {
    call()
    return null
  } catch (error) {
    if (SessionError.is(error)) return error.code
    throw error
  }
}

/** A request as a door would tell of it. */
export function requestHead(headers: Readonly<Record<string, string>> = {}, request: Partial<RequestHead> = {}): RequestHead {
  return { method: "GET", url: "/", remoteAddress: "192.0.2.1", header: (name) => headers[name], ...request }
}

/** The head of an answer, as a door would keep it. */
export class HeldResponse implements ResponseHead {
  readonly #headers = new Map<string, readonly string[]>()
  readonly #callbacks: (() => void)[] = []
  sent = false

  append(name: string, value: string): void {
    this.#headers.set(name, [...this.values(name), value])
  }

  set(name: string, value: string): void {
    this.#headers.set(name, [value])
  }

  values(name: string): readonly string[] {
    return this.#headers.get(name) ?? []
  }

  beforeSent(callback: () => void): void {
    this.#callbacks.push(callback)
  }

  send(): this {
    for (const callback of this.#callbacks) callback()
    this.sent = true
    return this
  }
}
