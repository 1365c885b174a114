import { types } from "node:util"
import { SessionError } from "../../../domain/errors.js"
import { type AttributesCopy, assertFewValues, copyAttributes, mergeAttributes } from "../../../domain/session/attributes.js"
import type { Body } from "../../../domain/session/record.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import { StoredBody } from "./record-parts.js"
import { parseObject } from "./StoredJson.js"
import type { SessionSettings } from "./session-settings.js"

/** What a caller wants done to the attributes: a checked patch, or a function. */
export type CheckedChanges =
  | { readonly patch: AttributesCopy; readonly unset: readonly string[] }
  | { readonly apply: (own: never) => unknown; readonly unset: readonly string[] }

/** Attributes between the application and the store: checked on the way in, upgraded on the way out. */
export class AttributeSchema {
  readonly #settings: Pick<SessionSettings, "schema" | "schemaVersion" | "upgrade" | "attributesBytes">

  constructor(settings: Pick<SessionSettings, "schema" | "schemaVersion" | "upgrade" | "attributesBytes">) {
    this.#settings = settings
  }

  /** The body of a new session. @throws UnexpectedValue · ERR_SESSION_TOO_LARGE */
  async create(attributes: unknown): Promise<Body> {
    return this.#write(copyAttributes(attributes, "attributes"))
  }

  /** The body after a change of what is stored. @throws UnexpectedValue · ERR_SESSION_TOO_LARGE · ERR_SESSION_CORRUPT */
  async change(stored: Body, changes: CheckedChanges): Promise<Body> {
    const own = await this.read(stored)
    const next = "patch" in changes ? mergeAttributes(own, changes.patch, changes.unset) : mergeAttributes(this.#applied(own, changes.apply), {}, changes.unset)
    return this.#write(next)
  }

  #applied(own: AttributesCopy, apply: (own: never) => unknown): AttributesCopy {
    return copyAttributes(atOnce(apply(own as never)), "what the function returns")
  }

  #write(attributes: AttributesCopy): Body | Promise<Body> {
    return this.#settings.schema === null ? this.#body(attributes) : this.#validated(attributes).then((validated) => this.#body(validated))
  }

  #body(attributes: AttributesCopy): Body {
    const text = JSON.stringify(attributes)
    const bytes = Buffer.byteLength(text)
    if (bytes > this.#settings.attributesBytes) {
      throw new SessionError("ERR_SESSION_TOO_LARGE", `Expected attributes of at most ${this.#settings.attributesBytes} bytes of JSON, got ${bytes}.`)
    }
    assertFewValues(attributes, text)
    return new StoredBody(this.#settings.schemaVersion, text)
  }

  async #validated(attributes: AttributesCopy): Promise<AttributesCopy> {
    const { schema } = this.#settings
    if (schema === null) return attributes
    // A schema's own messages may quote the value, so only the place is told.
    const judged = await judgement(schema, attributes).catch(() => {
      throw new UnexpectedValue("Expected attributes to fit the schema, got a schema that fails on them.")
    })
    if ("place" in judged) throw new UnexpectedValue(`Expected attributes to fit the schema, got a value that does not${judged.place}.`)
    return copyAttributes(judged.value, "the schema's output")
  }

  /** Whether the attributes of a record are as today's release writes them. */
  isCurrent(body: Body): boolean {
    return body.schemaVersion === this.#settings.schemaVersion
  }

  /** The attributes of a record as a copy of the caller's own. @throws ERR_SESSION_CORRUPT */
  read(body: Body): AttributesCopy | Promise<AttributesCopy> {
    const stored = parseObject(body.attributes) as AttributesCopy
    return this.isCurrent(body) ? stored : this.#upgraded(stored, body.schemaVersion)
  }

  async #upgraded(stored: AttributesCopy, fromVersion: number): Promise<AttributesCopy> {
    const { schemaVersion, upgrade } = this.#settings
    if (fromVersion > schemaVersion)
      throw corrupt(`attributes of schemaVersion ${schemaVersion} or older, got ${fromVersion}: deploy the newer release everywhere`)
    try {
      return await this.#validated(copyAttributes(upgrade === null ? stored : atOnce(upgrade(stored, fromVersion)), "what upgrade returns"))
    } catch {
      // Whatever `upgrade` threw may hold session data.
      throw corrupt(`attributes of schemaVersion ${fromVersion} that upgrade turns into today's, got a failure: mend upgrade, or end the session`)
    }
  }
}

/** What a schema says, as far as it is told. */
async function judgement(
  schema: NonNullable<SessionSettings["schema"]>,
  attributes: unknown,
): Promise<{ readonly value: unknown } | { readonly place: string }> {
  const result = await schema["~standard"].validate(attributes)
  return result.issues ? { place: placeOf(result.issues[0]?.path?.[0]) } : { value: result.value }
}

/** What an application's function returns. A promise is refused by those who read it, and nobody else hears how it ends. */
function atOnce(returned: unknown): unknown {
  // Whatever it is: `instanceof` would ask a proxy.
  if (types.isPromise(returned)) returned.catch(() => undefined)
  return returned
}

function corrupt(what: string): SessionError {
  return new SessionError("ERR_SESSION_CORRUPT", `Expected ${what}.`)
}

/** The name of the first attribute on the path, unless it may be data itself (the key of a record of e-mail addresses, say). */
function placeOf(segment: unknown): string {
  const key = typeof segment === "object" && segment !== null && "key" in segment ? segment.key : segment
  return typeof key === "string" && /^[A-Za-z_]\w{0,63}$/.test(key) ? ` at "${key}"` : ""
}
