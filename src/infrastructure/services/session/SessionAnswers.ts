import { SessionError } from "../../../domain/errors.js"
import type { SessionData } from "../../../domain/interfaces/session/ISessionService.js"
import type { SessionRecord, StepResult } from "../../../domain/session/record.js"
import { formatHandle, type Handle } from "../../../domain/session/ticket.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import type { AttributeSchema } from "./attribute-schema.js"
import { toSessionData } from "./session-data.js"
import type { SessionEvents } from "./session-events.js"
import { sharedSession } from "./shared-session.js"
import { versionConflict } from "./step-errors.js"

/** Turns what a store gave into what the caller gets, and tells of what is wrong with it. */
export class SessionAnswers<A extends object> {
  readonly #schema: AttributeSchema
  readonly #events: SessionEvents
  readonly #shares: boolean

  /** @param shares - whether one answer may be given to several callers */
  constructor(schema: AttributeSchema, events: SessionEvents, shares: boolean) {
    this.#schema = schema
    this.#events = events
    this.#shares = shares
  }

  /** Reading may meet a record that cannot be read: an error for its holder, and an event. */
  reporting<T>(handle: Handle, read: () => T | Promise<T>): T | Promise<T> {
    const failed = (error: unknown): never => {
      throw this.reported(handle, error)
    }
    try {
      const value = read()
      return value instanceof Promise ? value.catch(failed) : value
    } catch (error) {
      return failed(error)
    }
  }

  /** An error of reading, which is told of when the record cannot be read. */
  reported(handle: Handle, error: unknown): unknown {
    if (SessionError.is(error, "ERR_SESSION_CORRUPT")) this.#events.emit({ type: "corrupt", sessionId: formatHandle(handle) })
    return error
  }

  /** At once, unless the attributes are those of an older release. @throws ERR_SESSION_CORRUPT */
  present(record: SessionRecord): SessionData<A> | Promise<SessionData<A>> {
    if (this.#schema.isCurrent(record.body)) return this.#shown(record)
    return this.#upgraded(record)
  }

  async #upgraded(record: SessionRecord): Promise<SessionData<A>> {
    return this.#shown(record, await this.reporting(record, () => this.#schema.read(record.body)))
  }

  #shown(record: SessionRecord, attributes?: object): SessionData<A> {
    const session = toSessionData<A>(record, attributes)
    return this.#shares ? sharedSession(session) : session
  }

  /** For lists: one session whose attributes cannot be read must not hide the others. */
  async presentListed(record: SessionRecord): Promise<SessionData<A> | null> {
    try {
      return await this.present(record)
    } catch (error) {
      if (!SessionError.is(error, "ERR_SESSION_CORRUPT")) throw error
      return null
    }
  }

  /** @throws UnexpectedValue · ERR_SESSION_CONFLICT · ERR_SESSION_CORRUPT */
  settle(handle: Handle, result: StepResult): SessionData<A> | null | Promise<SessionData<A>> {
    switch (result.status) {
      case "done":
        return this.present(result.record)
      case "missing":
        return null
      case "wrong-secret":
        this.#events.emit({ type: "wrong-secret", sessionId: formatHandle(handle) })
        return null
      case "replaced-secret":
        this.#events.emit({ type: "replaced-secret", sessionId: formatHandle(handle) })
        throw new SessionError("ERR_SESSION_CONFLICT", "Expected the session's current token, got one that another rotation has replaced.", {
          retryable: false,
        })
      case "not-authenticated":
        throw new UnexpectedValue("Expected reauthenticated on a session that its user signed in to, got a guest's, a pending one or an impersonation.")
      case "clash":
        throw versionConflict(null, result.version)
    }
  }
}
