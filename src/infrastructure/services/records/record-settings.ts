import { asConfigError } from "../../../domain/errors.js"
import { expected, readOnce } from "../../../shared/assertions.js"
import { type Duration, toMilliseconds } from "../../../shared/durations.js"
import { toCallTimeout, toKeyPrefix } from "../store-settings.js"

const DAY = 86_400_000
const IDLE_RANGE = { min: 1_000, max: 3_650 * DAY }
const REMEMBER_RANGE = { min: 60_000, max: 30 * DAY }

/** What the drop-in stores let their user choose, whatever lies below. */
export interface RecordOptions {
  /** How long a session is kept after its last use when its cookie has no expiry: 1 s to 3650 d; 24 h by default. Else the cookie decides. */
  readonly idleTimeout?: Duration | undefined
  /** How long it is remembered that a session was ended: longer than any request lasts. 1 min to 30 d; 24 h by default. With `takeOver` never shorter than the session. */
  readonly rememberEnded?: Duration | undefined
  /**
   * Fields of which two requests at a time may save different values, and the last one wins, such as `["lastSeen"]`; `true`: all. By default none: the
   * second save is refused with `ERR_SESSION_CONFLICT`.
   */
  readonly lastWins?: boolean | readonly string[] | undefined
  /** How long one call may take: 10 ms to 60 s, 1 s by default. */
  readonly timeout?: Duration | undefined
  /** Goes before every key: at most 64 letters, digits and `:._-`. */
  readonly keyPrefix?: string | undefined
}

/** The same, checked and in milliseconds. */
export interface RecordSettings {
  readonly idleMs: number
  readonly rememberMs: number
  readonly lastWins: (field: string) => boolean
  readonly timeoutMs: number
  readonly keyPrefix: string
}

/** @throws ERR_CONFIG_INVALID */
export function resolveRecordSettings(options: RecordOptions): RecordSettings {
  return asConfigError(() => {
    const { idleTimeout = "24h", rememberEnded = "24h", lastWins = false, timeout, keyPrefix } = readOnce(options)
    return {
      idleMs: toMilliseconds(idleTimeout, "idleTimeout", IDLE_RANGE),
      rememberMs: toMilliseconds(rememberEnded, "rememberEnded", REMEMBER_RANGE),
      lastWins: fieldsOf(lastWins),
      timeoutMs: toCallTimeout(timeout),
      keyPrefix: toKeyPrefix(keyPrefix),
    }
  })
}

function fieldsOf(lastWins: unknown): (field: string) => boolean {
  if (typeof lastWins === "boolean") return () => lastWins
  if (!Array.isArray(lastWins) || !lastWins.every((field) => typeof field === "string")) throw expected("lastWins", "true, false or a list of fields", lastWins)
  const fields = new Set(lastWins)
  return (field) => fields.has(field)
}
