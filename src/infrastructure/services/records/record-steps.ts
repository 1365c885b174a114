import { hash } from "node:crypto"
import type { Lifetime } from "../../../domain/records/lifetime.js"
import type { LiveRecord, RecordWrite, Saved } from "../../../domain/records/record.js"
import type { StepOptions } from "../CallStep.js"

export const MAX_ID_LENGTH = 4_096

/** Where a record lies: under a hash of the caller's id, and, with `takeOver`, where another store may have left it. */
export interface RecordPlace {
  /** SHA-256 of the id: 43 characters. */
  readonly name: string
  /** The id itself, for the key of the store that was there before. It goes into no key of this library. `null`: only the hash is known. */
  readonly id: string | null
}

/** Where the record of an id lies; `null` for what is no id. */
export function placeOf(id: unknown): (RecordPlace & { readonly id: string }) | null {
  if (typeof id !== "string" || id === "" || id.length > MAX_ID_LENGTH) return null
  return { id, name: hash("sha256", id, "base64url") }
}

/** What a walk met. */
export interface WalkedRecord {
  readonly place: RecordPlace
  /** The session as JSON; `null`: what is there can be ended, but nobody can read it as a session. */
  readonly text: string | null
}

/** One step of a walk. */
export interface WalkedPage {
  /** How many keys or rows were looked at. */
  readonly looked: number
  readonly found: readonly WalkedRecord[]
}

/** The atomic steps of a provider, over checked values. */
export interface RecordSteps {
  /** `null`: there is none, or it has ended. @throws ERR_SESSION_CORRUPT */
  find(place: RecordPlace, options: StepOptions): Promise<Pick<LiveRecord, "version" | "text"> | null>
  save(place: RecordPlace, write: RecordWrite, lifetime: Lifetime, options: StepOptions): Promise<Saved>
  /** Keeps a record that lives for at least so long. @returns whether there is one */
  touch(place: RecordPlace, lifetimeMs: number, options: StepOptions): Promise<boolean>
  end(place: RecordPlace, rememberMs: number, options: StepOptions): Promise<void>
  /** All records but marks, a page at a time. One that is made or moved meanwhile may be met twice, or not at all. */
  walk(options: StepOptions): AsyncIterable<WalkedPage>
  probe(options: StepOptions): Promise<void>
  release(): Promise<void>
}
