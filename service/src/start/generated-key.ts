import { randomBytes } from "node:crypto"
import { linkSync, readFileSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { KEY_FORM } from "../http/api-keys.js"
import { FILES, unwritable } from "./data-folder.js"
import { StartFailure } from "./start-failure.js"

/** The key that is kept beside the database when none was set. */
export interface GeneratedKey {
  readonly key: string
  readonly path: string
  /** Whether this start made it. */
  readonly isNew: boolean
}

/**
 * Reads the key of an earlier start, or makes one: 256 random bits.
 *
 * @param folder - one that `prepareFolder` has checked
 * @throws StartFailure
 */
export function generatedKey(folder: string): GeneratedKey {
  const path = join(folder, FILES.KEY)
  try {
    const isNew = writeOnce(path, `${randomBytes(32).toString("base64url")}\n`)
    const key = readFileSync(path, "utf8").trim()
    if (!KEY_FORM.test(key)) throw new StartFailure(`${path} holds no key of at least 32 letters, digits or . _ ~ + / -: delete it to have a new one made.`)
    return { key, path, isNew }
  } catch (error) {
    throw error instanceof StartFailure ? error : unwritable(path, error)
  }
}

/** Two processes that start at once must end up with one key, and a crash must not leave half of one: written aside, then linked. */
function writeOnce(path: string, content: string): boolean {
  const aside = `${path}.${randomBytes(6).toString("hex")}`
  writeFileSync(aside, content, { mode: 0o600, flag: "wx" })
  try {
    linkSync(aside, path)
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false
    throw error
  } finally {
    unlinkSync(aside)
  }
}
