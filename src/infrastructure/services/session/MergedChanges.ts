import type { SessionData } from "../../../domain/interfaces/session/ISessionService.js"
import type { Body, FixedFields, Proof, SessionRecord, StepResult, Write } from "../../../domain/session/record.js"
import { formatHandle, type Handle } from "../../../domain/session/ticket.js"
import type { CallStep } from "../CallStep.js"
import type { Admission, ProveBy } from "./Admission.js"
import type { AttributeSchema } from "./attribute-schema.js"
import type { CheckedUpdate } from "./checked-changes.js"
import { newOperationId } from "./randomness.js"
import type { SessionAnswers } from "./SessionAnswers.js"
import type { SessionEvents } from "./session-events.js"
import { assertVersion, versionConflict } from "./step-errors.js"
import { backOff, UpdateQueue } from "./update-queue.js"

/** How long one update may go on meeting others before it gives up, in milliseconds. */
const CLASH_BUDGET = 5_000

type Store = (record: SessionRecord, proof: Proof, write: Write) => Promise<StepResult>

/** What follows a record that was read. A class, for it waits, and a literal may come to lie in the old generation (bench/README.md). */
class NextWrite implements Write {
  readonly expectedVersion: number
  readonly operation: string
  readonly fixed: FixedFields
  readonly body: Body

  constructor({ version, fixed }: SessionRecord, body: Body) {
    this.expectedVersion = version
    this.operation = newOperationId()
    this.fixed = fixed
    this.body = body
  }
}

/** Reads, changes and writes until no other change came between, so that none is lost. */
export class MergedChanges<A extends object> {
  readonly #admission: Admission
  readonly #schema: AttributeSchema
  readonly #answers: SessionAnswers<A>
  readonly #events: SessionEvents
  readonly #queue = new UpdateQueue()

  constructor(admission: Admission, schema: AttributeSchema, answers: SessionAnswers<A>, events: SessionEvents) {
    this.#admission = admission
    this.#schema = schema
    this.#answers = answers
    this.#events = events
  }

  /** Changes of one session follow each other within this process. @throws ERR_SESSION_CONFLICT · ERR_SESSION_TOO_LARGE · ERR_SESSION_CORRUPT */
  run(handle: Handle, proveBy: ProveBy, update: CheckedUpdate, step: CallStep, store: Store): Promise<SessionData<A> | null> {
    return this.#queue.run(formatHandle(handle), () => this.#mergeNow(handle, proveBy, update, step, store), step.options.signal)
  }

  async #mergeNow(handle: Handle, proveBy: ProveBy, update: CheckedUpdate, step: CallStep, store: Store): Promise<SessionData<A> | null> {
    const started = performance.now()
    for (let attempt = 1; ; attempt += 1) {
      step.options.signal.throwIfAborted()
      const admitted = await this.#admission.admit(handle, proveBy, step)
      if (admitted === null) return null
      const { record, proof } = admitted
      assertVersion(record, update.ifVersion)
      const body = await this.#answers.reporting(handle, () => this.#schema.change(record.body, update.changes))
      const result = await store(record, proof, new NextWrite(record, body))
      if (result.status !== "clash") return this.#answers.settle(handle, result)
      step.unchanged()
      this.#events.emit({ type: "stale-version", sessionId: formatHandle(handle), attempt })
      if (update.ifVersion !== null) throw versionConflict(update.ifVersion, result.version)
      if (performance.now() - started > CLASH_BUDGET) throw versionConflict(record.version, result.version)
      await backOff(attempt)
    }
  }
}
