// Standard Schemas made by hand, so that the suite needs no schema library.

type Validated =
  | { readonly value: Record<string, unknown> }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly PropertyKey[] }[] }

/** Makes a schema of a function that returns the value or throws the name of the attribute that does not fit. */
export function schemaOf(read: (given: Record<string, unknown>) => Record<string, unknown>, options: { readonly async?: boolean } = {}) {
  const validate = (given: unknown): Validated => {
    try {
      return { value: read(given as Record<string, unknown>) }
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      // The message quotes the value, as those of some libraries do: it must not come through.
      return { issues: [{ message: `${error.attribute} must not be ${JSON.stringify(given)}`, path: [error.attribute] }] }
    }
  }
  return {
    "~standard": { version: 1, vendor: "coatcheck-conformance", validate: options.async ? async (given: unknown) => validate(given) : validate },
  } as const
}

class Misfit extends Error {
  readonly attribute: string

  constructor(attribute: string) {
    super(attribute)
    this.attribute = attribute
  }
}

/** `email` is required and lower-cased, `roles` has a default, `nick` is optional, and nothing else is known. */
export function readProfile(given: Record<string, unknown>): Record<string, unknown> {
  const { email, roles = ["member"], nick, ...rest } = given
  if (typeof email !== "string" || !email.includes("@")) throw new Misfit("email")
  if (!Array.isArray(roles) || roles.some((role) => role !== "member" && role !== "admin")) throw new Misfit("roles")
  if (nick !== undefined && typeof nick !== "string") throw new Misfit("nick")
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw new Misfit(unknown)
  return { email: email.toLowerCase(), roles, ...(nick === undefined ? {} : { nick }) }
}

export const profileSchema = schemaOf(readProfile)
