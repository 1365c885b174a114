import { SessionError } from "../../../domain/errors.js"

/** Makes what it is given its own instance, so that private fields can be hung on a plain object. */
export class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is what the class is for
    return object
  }
}

/**
 * The property `attributes` of a plain object, parsed when it is first looked at: most requests ask only whose session it is. It is an own property that
 * `JSON.stringify`, spread and `structuredClone` read as any other.
 */
export class StoredAttributes extends Given {
  #stored: string | null
  #value: unknown

  private constructor(session: object, stored: string) {
    super(session)
    this.#stored = stored
  }

  /** @param stored - JSON of an object */
  static hang<T extends object>(session: T, stored: string): T & { readonly attributes: unknown } {
    new StoredAttributes(session, stored)
    return Object.defineProperty(session, "attributes", StoredAttributes.#property) as T & { readonly attributes: unknown }
  }

  // One for all, so that all sessions keep one shape.
  static readonly #property: PropertyDescriptor = {
    enumerable: true,
    configurable: true,
    get(this: StoredAttributes): unknown {
      if (this.#stored !== null) {
        this.#value = parseAttributes(this.#stored)
        this.#stored = null
      }
      return this.#value
    },
  }
}

/** @throws ERR_SESSION_CORRUPT */
export function parseAttributes(attributes: string): object {
  try {
    return JSON.parse(attributes) as object
  } catch {
    throw new SessionError("ERR_SESSION_CORRUPT", "Expected attributes that are JSON, got something else.")
  }
}
