import { createHash, timingSafeEqual } from "node:crypto"

/**
 * What a key may do: `read` looks at sessions and rate limits, `manage` changes and ends what is there, `create` opens sessions, `limit` counts by rate limits,
 * `metrics` reads the metrics and nothing else.
 */
export const SCOPES = ["read", "manage", "create", "limit", "metrics"] as const
export type Scope = (typeof SCOPES)[number]

/** A key of a backend. The name stands in logs, the key nowhere. */
export interface ApiKey {
  readonly name: string
  readonly key: string
  readonly scopes: readonly Scope[]
}

/** Who called: what is left of a key once it has been checked. */
export type Caller = Pick<ApiKey, "name" | "scopes">

/** What a key is made of: at least 32 characters that a `Bearer` header can carry. */
export const KEY_FORM = /^[A-Za-z0-9._~+/-]{32,512}=*$/

/** The keys that are valid now. Only their hashes stay in memory. */
export class ApiKeys {
  readonly #known: readonly { readonly digest: Buffer; readonly caller: Caller }[]

  constructor(keys: readonly ApiKey[]) {
    this.#known = keys.map(({ name, key, scopes }) => ({ digest: sha256(key), caller: { name, scopes } }))
  }

  /**
   * Finds whose key an `Authorization` header carries. Hashes have one length whatever was sent, and every key is
   * compared, so the time taken tells neither how much of a key was right nor which one it was.
   */
  identify(authorization: string | undefined): Caller | null {
    const offered = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1]
    if (offered === undefined) return null
    const digest = sha256(offered)
    let found: Caller | null = null
    for (const { digest: known, caller } of this.#known) {
      if (timingSafeEqual(known, digest)) found = caller
    }
    return found
  }
}

/**
 * Reads `COATCHECK_API_KEYS`: entries `name:scope+scope:key`, separated by commas or white space.
 *
 * @returns the keys, or what was expected in words that repeat nothing of the text
 */
export function parseApiKeys(text: string): readonly ApiKey[] | string {
  const keys: ApiKey[] = []
  for (const [index, entry] of text
    .split(/[\s,]+/)
    .filter(Boolean)
    .entries()) {
    const [, name, scopeList = "", key] = /^([\w.-]{1,64}):([a-z+]+):(\S+)$/.exec(entry) ?? []
    const scopes = scopeList.split("+")
    const where = `entry ${index + 1}`
    if (name === undefined || key === undefined) return `name:scope+scope:key in ${where}`
    if (!scopes.every(isScope)) return `scopes out of ${SCOPES.join(", ")} in ${where}`
    if (!KEY_FORM.test(key)) return `a key of at least 32 letters, digits or . _ ~ + / - in ${where}`
    if (keys.some((other) => other.name === name || other.key === key)) return `each name and each key once, but ${where} repeats one`
    keys.push({ name, key, scopes })
  }
  return keys.length > 0 ? keys : "at least one name:scope+scope:key"
}

function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word)
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}
