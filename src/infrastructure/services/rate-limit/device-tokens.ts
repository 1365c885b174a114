import { UnexpectedValue } from "../../../shared/assertions.js"
import { newSessionId } from "../session/randomness.js"
import type { Verifiers } from "../session/verifiers.js"
import { createVerifiers } from "../session/verifiers.js"

const FORM = /^([\w-]{22})\.([\w-]{22})$/

/**
 * Tokens of 45 characters: a random name, and an HMAC over it and the account, so that none can be made without the secret, nor used for another account.
 * Nothing of them is stored.
 *
 * @param secrets keys for HMAC-SHA-256: the first issues, all verify; without them no tokens are given out
 * @throws UnexpectedValue
 */
export function createDeviceTokens(secrets: readonly string[] | undefined) {
  const keyed = secrets === undefined ? null : keyedVerifiers(secrets)
  return {
    issue(account: string): string | null {
      if (keyed === null) return null
      const device = newSessionId()
      return `${device}.${keyed.issue(signed(device, account))}`
    },
    deviceOf(token: string, account: string): string | null {
      const [, device, mark] = FORM.exec(token) ?? []
      if (keyed === null || device === undefined || mark === undefined) return null
      return keyed.match(signed(device, account), mark) === null ? null : device
    },
  }
}

function signed(device: string, account: string): string {
  return `login device\0${device}\0${account}`
}

function keyedVerifiers(secrets: readonly string[]): Verifiers {
  const verifiers = createVerifiers(secrets)
  // Of session tokens a plain hash is as good; here anybody could make it.
  if (secrets.includes("sha256")) throw new UnexpectedValue('Expected secrets to be keys, got "sha256".')
  return verifiers
}
