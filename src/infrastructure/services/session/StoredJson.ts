import { SessionError } from "../../../domain/errors.js"

/** Makes what it is given its own instance, so that private fields can be hung on a plain object. */
export class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is what the class is for
    return object
  }
}

/**
 * The properties `device` and `attributes` of a plain object, each parsed when it is first looked at: most requests ask only whose session it is. They are own
 * properties that `JSON.stringify`, spread and `structuredClone` read as any other.
 */
export class StoredJson extends Given {
  #device: string | object
  #attributes: string | object

  private constructor(session: object, device: string, attributes: string | object) {
    super(session)
    this.#device = device
    this.#attributes = attributes
  }

  /** @param device - JSON of an object @param attributes - JSON of an object, or that object */
  static hang<T extends object>(session: T, device: string, attributes: string | object): T & { readonly device: unknown; readonly attributes: unknown } {
    new StoredJson(session, device, attributes)
    Object.defineProperty(session, "device", StoredJson.#deviceProperty)
    return Object.defineProperty(session, "attributes", StoredJson.#attributesProperty) as T & { readonly device: unknown; readonly attributes: unknown }
  }

  // One of each for all, so that all sessions keep one shape.
  static readonly #deviceProperty: PropertyDescriptor = {
    enumerable: true,
    configurable: true,
    get(this: StoredJson): object {
      if (typeof this.#device === "string") this.#device = parseObject(this.#device)
      return this.#device
    },
  }

  static readonly #attributesProperty: PropertyDescriptor = {
    enumerable: true,
    configurable: true,
    get(this: StoredJson): object {
      if (typeof this.#attributes === "string") this.#attributes = parseObject(this.#attributes)
      return this.#attributes
    },
  }
}

/** @throws ERR_SESSION_CORRUPT */
export function parseObject(json: string): object {
  try {
    return JSON.parse(json) as object
  } catch {
    throw new SessionError("ERR_SESSION_CORRUPT", "Expected a stored object that is JSON, got something else.")
  }
}
