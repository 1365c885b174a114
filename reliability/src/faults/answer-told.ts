import { SessionError } from "coatcheck"

/** What a call told its caller, in a few words: `done`, or the error's code and outcome. */
export async function answerTold(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return "done"
  } catch (error) {
    return SessionError.is(error) ? `${error.code}, ${error.outcome}` : "no error of this library"
  }
}
