import { createHash } from "node:crypto"
import type { Work } from "../rounds/slice.js"
import { payloadOf, userName } from "./payload.js"
import type { RawClient } from "./raw-client.js"
import { signingIn, type UserKeys } from "./signing-in.js"
import type { Sessions } from "./stored.js"

interface SignInSettings {
  readonly raw: Pick<RawClient, "send">
  /** Of the service: its own, so that nobody else goes on in these lists. */
  readonly keyPrefix: string
  /** Of each session's JSON. */
  readonly bytes: number
  /** How long a slice takes. */
  readonly ms: number
}

/** Creations of ours, by users who have none to eight sessions. */
export function ourSignIns(sessions: Sessions, { raw, keyPrefix, bytes, ms }: SignInSettings): Work {
  const open = (user: number) => {
    const { userId, device, attributes } = payloadOf(user, bytes)
    return sessions.createSession({ userId, device, attributes })
  }
  return signingIn(open, {
    raw,
    ms,
    keysOf: (user) => keysOf(userName(user), keyPrefix),
    lay: (user) => sessions.createSession({ userId: userName(user) }),
  })
}

/** Where a user's sessions lie; see docs/keys.md. */
function keysOf(userId: string, prefix: string): UserKeys {
  const hash = createHash("sha256").update(userId).digest()
  const tag = hash.subarray(0, 2).toString("base64url")
  return { list: `${prefix}user_sessions:{${tag}}:${hash.toString("base64url").slice(0, 22)}`, sessions: `${prefix}session:{${tag}}.` }
}
