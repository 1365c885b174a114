import { SessionError } from "../../domain/errors.js"

/** SQLite's primary result codes, as far as they are told apart. */
const RESULT = { PERM: 3, BUSY: 5, LOCKED: 6, NOMEM: 7, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, PROTOCOL: 15, NOTADB: 26 } as const
type ResultName = keyof typeof RESULT

const NAMES = new Map<number, ResultName>(Object.entries(RESULT).map(([name, code]) => [code, name as ResultName]))

/** Which result of SQLite an error of any driver stands for; `null` for others. Drivers tell it as a number or as `SQLITE_NAME_DETAIL`. */
export function resultOf(error: unknown): ResultName | null {
  if (typeof error !== "object" || error === null) return null
  const { errcode, rawCode, code } = error as { readonly errcode?: unknown; readonly rawCode?: unknown; readonly code?: unknown }
  const number = errcode ?? rawCode
  // The upper bits hold the detail.
  if (typeof number === "number") return NAMES.get(number & 0xff) ?? null
  const name = typeof code === "string" && code.startsWith("SQLITE_") ? code.split("_")[1] : undefined
  return name !== undefined && name in RESULT ? (name as ResultName) : null
}

/** Whether another process has the file at this moment. PROTOCOL is a lost race for it. */
export function isBusy(error: unknown): boolean {
  const result = resultOf(error)
  return result === "BUSY" || result === "LOCKED" || result === "PROTOCOL"
}

/** Whether the disk has no room left. */
export function isFull(error: unknown): boolean {
  return resultOf(error) === "FULL"
}

/**
 * The error for the caller. A driver's own message may quote SQL, a path or a value, so nothing of it is passed on.
 *
 * @param committing whether it was the commit that failed: then an I/O error leaves open what is on the disk
 */
export function storeFailure(error: unknown, committing = false): Error {
  if (SessionError.is(error)) return error
  const result = resultOf(error)
  switch (result) {
    case "BUSY":
    case "LOCKED":
    case "PROTOCOL":
      return new SessionError("ERR_STORE_UNAVAILABLE", "Expected the database within the call's timeout, got one that other processes kept busy.")
    case "FULL":
      return new SessionError("ERR_STORE_REFUSED", "Expected room for the database, got a full disk: free some space.")
    case "READONLY":
    case "PERM":
      return new SessionError(
        "ERR_STORE_REFUSED",
        "Expected a database that can be written, got one that is read-only, or was moved or deleted under this process.",
      )
    case "IOERR":
    case "CANTOPEN":
    case "NOMEM":
      return new SessionError("ERR_STORE_UNAVAILABLE", "Expected SQLite to read and write its file, got a failure of the disk or of memory.", {
        outcome: committing ? "unknown" : "not-applied",
      })
    case "CORRUPT":
    case "NOTADB":
      return new SessionError("ERR_STORE_PROTOCOL", "Expected an intact database, got a damaged one: restore it from a backup, or move it away to begin anew.")
    case null: {
      const name = error instanceof Error ? error.name : typeof error
      return new SessionError("ERR_STORE_PROTOCOL", `Expected an answer of SQLite, got an error of another kind (${name}).`)
    }
  }
}
