import { ownerOf, type Proof, type SessionRecord } from "../../../domain/session/record.js"
import { formatHandle, type Handle, type Ticket } from "../../../domain/session/ticket.js"
import { emptyList } from "../../../shared/empty-list.js"
import type { CallStep, StepOptions } from "../CallStep.js"
import type { SessionAnswers } from "./SessionAnswers.js"
import type { SessionEvents } from "./session-events.js"
import type { Verifiers } from "./verifiers.js"

/** Judges the right to a record that was read, at a time in milliseconds; `null`: there is none. */
export type ProveBy = (record: SessionRecord, now: number) => Proof | null

/** What has to be asked of the store first. */
interface Readable {
  /** The store's time, in milliseconds. */
  now(options: StepOptions): number | Promise<number>
  /** @throws ERR_SESSION_CORRUPT */
  find(handle: Handle, options: StepOptions): SessionRecord | null | Promise<SessionRecord | null>
}

/** A class, for it waits, and a literal may come to lie in the old generation (bench/README.md). */
class Admitted {
  readonly record: SessionRecord
  readonly proof: Proof

  constructor(record: SessionRecord, proof: Proof) {
    this.record = record
    this.proof = proof
  }
}

/** A proof by a secret that fitted. Its list is made where it is asked for: a read that is not written down needs none. */
class KnownSecret {
  readonly #verifier: string

  constructor(verifier: string) {
    this.#verifier = verifier
  }

  get verifiers(): readonly string[] {
    return emptyList<string>().concat(this.#verifier)
  }
}

/** Lets in who has a right to a session: by its secret, or by the user whom it belongs to. */
export class Admission {
  readonly #store: Readable
  readonly #verifiers: Verifiers
  readonly #answers: SessionAnswers<object>
  readonly #events: SessionEvents

  constructor(store: Readable, verifiers: Verifiers, answers: SessionAnswers<object>, events: SessionEvents) {
    this.#store = store
    this.#verifiers = verifiers
    this.#answers = answers
    this.#events = events
  }

  /** The verifier under which a ticket's secret fits the record, or `null`: then somebody knew the handle but not the secret. */
  prove({ previous, verifier }: SessionRecord, ticket: Ticket, now: number): Proof | null {
    const match = this.#verifiers.match(ticket.secret, verifier, previous !== null && previous.until > now ? previous.verifier : null)
    if (match === null) this.#events.emit({ type: "wrong-secret", sessionId: formatHandle(ticket) })
    return match === null ? null : new KnownSecret(match)
  }

  bySecret(ticket: Ticket): ProveBy {
    return (record, now) => this.prove(record, ticket, now)
  }

  /** Reads a session and judges the right to it: `null` when there is none. @throws ERR_SESSION_CORRUPT */
  async admit(handle: Handle, proveBy: ProveBy, step: CallStep): Promise<Admitted | null> {
    const record = await this.#answers.reporting(handle, () => this.#store.find(handle, step.reading))
    if (record === null) return null
    const now = this.#store.now(step.reading)
    const proof = proveBy(record, typeof now === "number" ? now : await now)
    return proof === null ? null : new Admitted(record, proof)
  }
}

/** By the record's own user id, whatever the handle says: two users may share a tag. */
export function byOwner(owner: string): ProveBy {
  return (record) => (ownerOf(record.fixed) === owner ? { owner } : null)
}
