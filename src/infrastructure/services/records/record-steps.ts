import type { Lifetime } from "../../../domain/records/lifetime.js"
import type { LiveRecord, RecordWrite, Saved } from "../../../domain/records/record.js"
import type { StepOptions } from "../CallStep.js"

/** Where a record lies: under a hash of the caller's id, and, with `takeOver`, where another store may have left it. */
export interface RecordPlace {
  /** SHA-256 of the id: 43 characters. */
  readonly name: string
  /** The id itself, for the key of the store that was there before. It goes into no key of this library. */
  readonly id: string
}

/** The atomic steps of a provider, over checked values. */
export interface RecordSteps {
  /** `null`: there is none, or it has ended. @throws ERR_SESSION_CORRUPT */
  find(place: RecordPlace, options: StepOptions): Promise<Pick<LiveRecord, "version" | "text"> | null>
  save(place: RecordPlace, write: RecordWrite, lifetime: Lifetime, options: StepOptions): Promise<Saved>
  /** Keeps a record that lives for at least so long. @returns whether there is one */
  touch(place: RecordPlace, lifetimeMs: number, options: StepOptions): Promise<boolean>
  end(place: RecordPlace, rememberMs: number, options: StepOptions): Promise<void>
  probe(options: StepOptions): Promise<void>
  release(): Promise<void>
}
