// What a program gets as its "coatcheck" when it is run with the near-cache on: services have it wherever they can, and say so once they serve from it.
import { createSessionService as create, SessionError } from "coatcheck"

export { SessionError }

/** A store that is not connected says nothing. */
const LONGEST_WAIT_MS = 500

export async function createSessionService(options) {
  let said = () => undefined
  const says = new Promise((resolve) => {
    said = resolve
  })
  const onEvent = (event) => {
    if (event.type !== "near-cache") return options.onEvent?.(event)
    if (event.serving) console.log("near-cache: serving")
    said()
  }
  try {
    const service = await create({ ...options, nearCache: true, onEvent })
    const timer = setTimeout(said, LONGEST_WAIT_MS)
    await says
    clearTimeout(timer)
    return service
  } catch (error) {
    // Memory and SQLite have none, and bad options stay bad.
    if (SessionError.is(error, "ERR_CONFIG_INVALID")) return create(options)
    throw error
  }
}
