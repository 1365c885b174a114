import type { Entry } from "../simulation/store/Keyspace.js"
import { type Member, SortedMembers } from "../simulation/store/SortedMembers.js"

/** What lies under a key; text is bytes, one character each. `expiresAt`: milliseconds of the server's clock. */
export type Contents =
  | { readonly kind: "none" }
  | { readonly kind: "string"; readonly value: string; readonly expiresAt: number | undefined }
  | { readonly kind: "zset"; readonly members: readonly Member[]; readonly expiresAt: number | undefined }

export function contentsOfEntry(entry: Entry | undefined): Contents {
  if (entry === undefined) return { kind: "none" }
  const { type, value, expiresAt } = entry
  return type === "string" ? { kind: type, value, expiresAt } : { kind: type, members: value.all, expiresAt }
}

export function entryOfContents(contents: Contents): Entry | undefined {
  if (contents.kind === "none") return undefined
  const { expiresAt } = contents
  if (contents.kind === "string") return { type: "string", value: contents.value, expiresAt }
  const value = contents.members.reduce((members, { member, score }) => members.with(member, score), SortedMembers.empty)
  return { type: "zset", value, expiresAt }
}

/** The commands that make a key hold this. */
export function writing(key: string, contents: Contents): readonly (readonly string[])[] {
  const clear = ["DEL", key]
  if (contents.kind === "none") return [clear]
  const expire = contents.expiresAt === undefined ? [] : [["PEXPIREAT", key, String(contents.expiresAt)]]
  if (contents.kind === "string") return [["SET", key, contents.value], ...expire]
  return [clear, ["ZADD", key, ...contents.members.flatMap(({ member, score }) => [String(score), member])], ...expire]
}

export function sameContents(a: Contents, b: Contents): boolean {
  if (a.kind === "none" || b.kind === "none") return a.kind === b.kind
  if (a.expiresAt !== b.expiresAt) return false
  if (a.kind === "string") return b.kind === "string" && a.value === b.value
  return b.kind === "zset" && sameMembers(a.members, b.members)
}

function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every(({ member, score }, at) => member === b[at]?.member && score === b[at]?.score)
}
