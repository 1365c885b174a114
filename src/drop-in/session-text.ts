import { asArgumentError } from "../domain/errors.js"
import { expected, UnexpectedValue } from "../shared/assertions.js"

/** A session as JSON. @throws ERR_INVALID_ARGUMENT for what is no object, as JSON has it, and for what JSON cannot say */
export function textOf(session: unknown): string {
  assertSession(session)
  const text = jsonOf(session)
  if (text?.startsWith("{") === true) return text
  throw noSession(session)
}

/** @throws ERR_INVALID_ARGUMENT for what is no object with fields */
export function assertSession(session: unknown): asserts session is object {
  if (typeof session !== "object" || session === null || Array.isArray(session)) throw noSession(session)
}

function noSession(got: unknown): unknown {
  return asArgumentError(expected("the session", "an object with fields", got))
}

/** What JSON throws names fields, and what a `toJSON` throws may say anything of the session, so neither is passed on. */
function jsonOf(session: object): string | undefined {
  try {
    return JSON.stringify(session)
  } catch {
    const got = "one with a cycle, a BigInt, or a getter or toJSON that throws"
    throw asArgumentError(new UnexpectedValue(`Expected a session that JSON can hold, got ${got}.`))
  }
}
