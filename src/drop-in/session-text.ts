import { asArgumentError } from "../domain/errors.js"
import { expected } from "../shared/assertions.js"

/** A session as JSON. @throws ERR_INVALID_ARGUMENT for what is no object, as JSON has it */
export function textOf(session: unknown): string {
  const text = typeof session === "object" && session !== null ? JSON.stringify(session) : undefined
  if (text?.startsWith("{") === true) return text
  throw asArgumentError(expected("the session", "an object with fields", session))
}
