import { IncomingMessage, ServerResponse } from "node:http"
import { Hidden, Kept } from "../shared/Kept.js"
import type { Entered, EnteredFreely } from "../web/door.js"
import { refuseForeignSession } from "./foreign-session.js"
import { completesHeads, completingHeads } from "./node-head.js"

// Express gives each request and each answer another prototype, after which V8 makes a shape for every one of them anew: each property that is put on one
// costs 2 to 6 µs (bench/README.md). So what the door adds lies on `express.request` and `express.response`, from which those of all applications inherit.

/** `express.request` or `express.response`; `null` where this is an object of another framework. */
function expressPrototype(owner: object, native: object): object | null {
  let prototype: object | null = Object.getPrototypeOf(owner)
  if (prototype === native) return null
  while (prototype !== null) {
    const parent: object | null = Object.getPrototypeOf(prototype)
    if (parent === native) return prototype
    prototype = parent
  }
  return null
}

/** A field of requests that is found on their prototype. What another library put on a request itself, or in between, is hidden by a property of its own. */
class RequestField {
  readonly #name: string
  readonly #values = new Kept<unknown>()

  constructor(name: string) {
    this.#name = name
  }

  give(request: object, value: unknown): void {
    this.#values.keep(request, value)
    if (this.#shows(request, value)) return
    const prototype = expressPrototype(request, IncomingMessage.prototype)
    if (prototype !== null && !Object.hasOwn(prototype, this.#name)) Reflect.defineProperty(prototype, this.#name, this.#accessors())
    if (!this.#shows(request, value)) Object.defineProperty(request, this.#name, new Hidden(value))
  }

  /** An own property may be an accessor of somebody's, and is not for us to call. */
  #shows(request: object, value: unknown): boolean {
    return !Object.hasOwn(request, this.#name) && (request as Readonly<Record<string, unknown>>)[this.#name] === value
  }

  #accessors(): PropertyDescriptor {
    const name = this.#name
    const values = this.#values
    return {
      configurable: true,
      enumerable: false,
      get(this: object) {
        return values.of(this)
      },
      // As if there were no such field: whoever sets one has one.
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true })
      },
    }
  }
}

const AUTH = new RequestField("auth")
const SESSION = new RequestField("session")

/** Gives a request of Express its fields. @throws ERR_CONFIG_INVALID where another library's session would be hidden */
export function withSharedFields<A extends object, I extends object>(request: object, entered: Entered<A, I> | EnteredFreely<A, I>): void {
  if ("session" in entered) refuseForeignSession(request)
  AUTH.give(request, entered.auth)
  if ("session" in entered) SESSION.give(request, entered.session)
}

/** From now on the heads of all answers of this copy of Express are completed. Where another library stands in between, each answer sees to its own. */
export function shareCompletion(response: ServerResponse): void {
  if (completesHeads(response.writeHead)) return
  const prototype = expressPrototype(response, ServerResponse.prototype) as ServerResponse | null
  if (prototype !== null && !completesHeads(prototype.writeHead))
    Reflect.defineProperty(prototype, "writeHead", new Hidden(completingHeads(prototype.writeHead)))
}
