import type { Clock } from "../../../domain/interfaces/ports.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import { newSessionId } from "../session/randomness.js"
import type { Verifiers } from "../session/verifiers.js"
import { createVerifiers } from "../session/verifiers.js"
import { timeOf } from "../time-of.js"

const FORM = /^([\w-]{22})\.(\d{1,6})\.([\w-]{22})$/
const DAY = 86_400_000
/** How long a browser is known. */
const DAYS = 90

/**
 * Tokens of about 50 characters: a random name, the day of issue, counted from the epoch, and an HMAC over both and the account, so that none can be made without the
 * secret, nor used for another account or after 90 days. Nothing of them is stored.
 *
 * @param secrets keys for HMAC-SHA-256: the first issues, all verify; without them no tokens are given out
 * @throws UnexpectedValue
 */
export function createDeviceTokens(secrets: readonly string[] | undefined, clock: Clock) {
  const today = (): number => Math.floor(timeOf(clock) / DAY)
  const keyed = secrets === undefined ? null : keyedVerifiers(secrets)
  return {
    issue(account: string): string | null {
      if (keyed === null) return null
      const named = `${newSessionId()}.${today()}`
      return `${named}.${keyed.issue(signed(named, account))}`
    },
    deviceOf(token: string, account: string): string | null {
      const [, device, day, mark] = FORM.exec(token) ?? []
      if (keyed === null || device === undefined || day === undefined || mark === undefined || today() - Number(day) > DAYS) return null
      return keyed.match(signed(`${device}.${day}`, account), mark) === null ? null : device
    },
  }
}

function signed(named: string, account: string): string {
  return `login device\0${named}\0${account}`
}

function keyedVerifiers(secrets: readonly string[]): Verifiers {
  const verifiers = createVerifiers(secrets)
  // Of session tokens a plain hash is as good; here anybody could make it.
  if (secrets.includes("sha256")) throw new UnexpectedValue('Expected secrets to be keys, got "sha256".')
  return verifiers
}
