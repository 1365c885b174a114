import type { DoctorFinding, DoctorLevel } from "../../../domain/interfaces/session/ISessionService.js"

/** Fields of `INFO` or `CLUSTER INFO`, or values of `CONFIG GET`, by name; `null` where the server does not let this user see them. */
export type Fields = ReadonlyMap<string, string> | null

/** What one server said of itself. */
export interface NodeAnswers {
  readonly info: Fields
  readonly config: Fields
  readonly cluster: Fields
  /** The server's clock minus this machine's, and how far that may be off, both in milliseconds; `null`: not told. */
  readonly clock: { readonly ahead: number; readonly tolerance: number } | null
  /** Commands that this user may not use; `null`: not told. */
  readonly denied: readonly string[] | null
}

/** How a program reaches the store. */
export interface Reach {
  /** A cluster's client. */
  readonly isCluster: boolean
  readonly encrypted: boolean | null
  readonly hosts: readonly string[]
}

export type Judged = Omit<DoctorFinding, "node">
type Check = Judged["check"]

export const finding = (check: Check, level: Exclude<DoctorLevel, "ok">, found: string, remedy: string): Judged => ({ check, level, found, remedy })
export const ok = (check: Check, found: string): Judged => ({ check, level: "ok", found, remedy: null })
export const untold = (check: Check, command: string): Judged =>
  finding(check, "unknown", `the server does not tell this user (${command})`, `Let the user run ${command}, or look at the server yourself.`)

/** A figure; `null` where it is not told. */
export function numberOf(fields: Fields, name: string): number | null {
  const value = fields?.get(name)
  return value === undefined || !/^\d+$/.test(value) ? null : Number(value)
}

/** The fields of an answer such as that of `INFO`. */
export function parseFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":")
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}
