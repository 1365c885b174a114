import { chmodSync, lstatSync, mkdirSync, readdirSync, type Stats } from "node:fs"
import { join } from "node:path"
import { StartFailure } from "./start-failure.js"

/** What the service keeps in its folder. */
export const FILES = { KEY: "api-key", DATABASE: "sessions.db" } as const
const SIDE_FILES = ["-wal", "-shm", "-journal", "-reserve"].map((suffix) => FILES.DATABASE + suffix)
/** Everything that may lie in the folder: the files above, and those that SQLite and the library put beside a database. */
export const OWN_FILES: readonly string[] = [...Object.values(FILES), ...SIDE_FILES]
/** "link/" and "link/." would be looked at as what the link leads to, and must be refused as "link" is. */
const NOTHING_BEHIND = /(?<=.)(?:\/+\.?)+$/
/** A key that is written aside: one may be left of a start that was cut off. */
const KEY_ASIDE = new RegExp(`^${FILES.KEY}\\.[0-9a-f]{12}$`)

/**
 * Makes the folder (0700) and checks what lies in it (0600): whoever could read it has every session, whoever could write
 * it decides what they are. Wider rights are narrowed; what belongs to somebody else, or is a link to elsewhere, is refused.
 *
 * @param owner - the user id that must own it all
 * @throws StartFailure
 */
export function prepareFolder(folder: string, owner: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    assertOurs(folder, lstatSync(folder.replace(NOTHING_BEHIND, "")), owner, "folder")
    narrowFolder(folder)
    for (const name of OWN_FILES) narrowFile(join(folder, name), owner)
  } catch (error) {
    throw error instanceof StartFailure ? error : unwritable(folder, error)
  }
}

/** @throws StartFailure when a path is a link, not of the expected kind, or somebody else's */
function assertOurs(path: string, stats: Stats, owner: number, kind: "file" | "folder"): void {
  if (stats.isSymbolicLink()) throw new StartFailure(`${path} is a symbolic link: replace it by a ${kind} of its own, or set COATCHECK_FOLDER.`)
  if (!(kind === "folder" ? stats.isDirectory() : stats.isFile())) throw new StartFailure(`${path} is not a ${kind}: move it away, or set COATCHECK_FOLDER.`)
  if (stats.uid !== owner) throw new StartFailure(`${path} belongs to another user: give it to the user who runs coatcheck (chown), or set COATCHECK_FOLDER.`)
}

/** The failure of a folder or file that cannot be read or written. */
export function unwritable(path: string, error: unknown): StartFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown"
  return new StartFailure(`cannot write ${path} (${code}): make it writable, or set COATCHECK_FOLDER to a folder that is.`)
}

function narrowFolder(folder: string): void {
  if ((lstatSync(folder).mode & 0o077) === 0) return
  // A folder that holds more than our files was meant for others too: closing it could break them.
  if (!readdirSync(folder).every((name) => OWN_FILES.includes(name) || KEY_ASIDE.test(name))) {
    throw new StartFailure(`${folder} is open to other users and holds other files: chmod 700 it, or set COATCHECK_FOLDER to a folder of its own.`)
  }
  chmodSync(folder, 0o700)
}

function narrowFile(path: string, owner: number): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  assertOurs(path, stats, owner, "file")
  if ((stats.mode & 0o077) !== 0) chmodSync(path, 0o600)
}
