import { createHash } from "node:crypto"
import type { ISessionService } from "coatcheck"
import type { Attributes } from "../workloads/RecordedClient.js"
import { lookUntilTold } from "./look-until-told.js"

type Service = ISessionService<Attributes>

/** No user of a row has more, so that an audit can count. */
export const SESSIONS_A_USER = 5
const SIDE_BY_SIDE = 50

/** Opens sessions of users `<name> 0`, `<name> 1` and so on. @returns their tokens */
export async function signInMany(service: Service, name: string, count: number): Promise<string[]> {
  const tokens: string[] = []
  for (let i = 0; i < count; i += SIDE_BY_SIDE) {
    const some = Array.from({ length: Math.min(SIDE_BY_SIDE, count - i) }, (_, at) =>
      service.createSession({ userId: userOf(name, i + at), attributes: { text: `${name} ${i + at}` } }),
    )
    tokens.push(...(await Promise.all(some)).map(({ token }) => token))
  }
  return tokens
}

/** Whose session it is that `signInMany` opened as this one, counted from 0. */
export function userOf(name: string, at: number): string {
  return `${name} ${Math.floor(at / SESSIONS_A_USER)}`
}

/** How many of these tokens open a session. */
export async function countAlive(service: Service, tokens: readonly string[]): Promise<number> {
  let alive = 0
  for (let i = 0; i < tokens.length; i += SIDE_BY_SIDE) {
    const found = await Promise.all(tokens.slice(i, i + SIDE_BY_SIDE).map((token) => lookUntilTold(service, token)))
    alive += found.filter(Boolean).length
  }
  return alive
}

/** The public part of a token. */
export function handleOf(token: string): string {
  return token.slice(0, token.lastIndexOf("."))
}

/** The key of a user's list, as docs/keys.md names it. */
export function listKeyOf(userId: string): string {
  const hash = createHash("sha256").update(userId).digest()
  return `user_sessions:{${hash.subarray(0, 2).toString("base64url")}}:${hash.toString("base64url").slice(0, 22)}`
}

/** The key of a session. */
export function sessionKeyOf(token: string): string {
  const [tag = "", id = ""] = token.split(".")
  return `session:{${tag}}.${id}`
}
