import type { ISessionService, IssuedSession, SessionData } from "coatcheck"
import { argsOf, type HistoryRecorder, nameSecret } from "../histories/HistoryRecorder.js"
import { type Answer, GRACE_MS, type HistoryLine, type OperationArgs, type OperationName, type Seen } from "../histories/history-line.js"

/** What the workloads keep in a session: a text that nobody else ever writes. */
export interface Attributes {
  text: string
}

type Session = SessionData<Attributes>

/** What is recorded of a service. */
export type RecordedService = Pick<
  ISessionService<Attributes>,
  | "createSession"
  | "getSession"
  | "updateSession"
  | "updateUserSession"
  | "extendSession"
  | "rotateSession"
  | "deleteSession"
  | "deleteUserSession"
  | "deleteUserSessions"
  | "getUserSessions"
>

/** One client that makes one call at a time, each of which is written down. */
export class RecordedClient {
  readonly #service: RecordedService
  readonly #recorder: HistoryRecorder
  readonly #process: number
  readonly #ofDeletes: OperationArgs
  #name: string
  #writes = 0

  /**
   * @param process number of the process, so that names and texts of two processes never meet
   * @param losesReplies whether replies are lost on purpose: then a delete says only by best effort whether it was the one that ended the session
   */
  constructor(service: RecordedService, recorder: HistoryRecorder, process: number, losesReplies = false) {
    this.#service = service
    this.#recorder = recorder
    this.#process = process
    this.#ofDeletes = losesReplies ? { bestEffort: true } : {}
    this.#name = recorder.newClient(process)
  }

  async create(user: string, limit: number | undefined): Promise<string | undefined> {
    const write = this.#newText()
    const work = () => this.#service.createSession({ userId: user, attributes: { text: write }, ...(limit === undefined ? {} : { maxSessionsPerUser: limit }) })
    const created = await this.#record("create", { user, write, ...(limit === undefined ? {} : { limit }) }, work, (answer) => ({
      ...issued(answer),
      evicted: answer.evicted,
    }))
    return created?.token
  }

  async get(token: string): Promise<Session | null | undefined> {
    return this.#record("get", argsOf(token), () => this.#service.getSession(token), found)
  }

  async update(token: string, ifVersion?: number): Promise<Session | null | undefined> {
    const write = this.#newText()
    const given = ifVersion === undefined ? {} : { ifVersion }
    return this.#record("update", argsOf(token, { write, ...given }), () => this.#service.updateSession(token, { text: write }, given), found)
  }

  async updateByHandle(user: string, session: string): Promise<Session | null | undefined> {
    const write = this.#newText()
    return this.#record("update", { session, write }, () => this.#service.updateUserSession(user, session, { text: write }), found)
  }

  async extend(token: string): Promise<Session | null | undefined> {
    return this.#record("extend", argsOf(token), () => this.#service.extendSession(token), found)
  }

  /** @param grace whether the old secret works on, as long as it may */
  async rotate(token: string, grace: boolean): Promise<string | undefined> {
    const work = () => this.#service.rotateSession(token, { grace: grace ? `${GRACE_MS}ms` : 0 })
    const rotated = await this.#record("rotate", argsOf(token, { grace }), work, (answer) => (answer === null ? { seen: null } : issued(answer)))
    return rotated?.token
  }

  async delete(token: string): Promise<void> {
    await this.#record(
      "delete",
      argsOf(token, this.#ofDeletes),
      () => this.#service.deleteSession(token),
      (ended) => ({ ended }),
    )
  }

  async deleteByHandle(user: string, session: string): Promise<void> {
    await this.#record(
      "delete",
      { session, ...this.#ofDeletes },
      () => this.#service.deleteUserSession(user, session),
      (ended) => ({ ended }),
    )
  }

  async deleteAll(user: string): Promise<void> {
    await this.#record(
      "deleteAll",
      { user },
      () => this.#service.deleteUserSessions(user),
      (count) => ({ count }),
    )
  }

  /** All pages of a user's list, as one read. */
  async list(user: string): Promise<readonly Session[] | undefined> {
    const work = async (): Promise<readonly Session[]> => {
      const sessions: Session[] = []
      let cursor: string | undefined
      do {
        const page = await this.#service.getUserSessions(user, cursor === undefined ? {} : { cursor })
        sessions.push(...page.sessions)
        cursor = page.cursor
      } while (cursor !== undefined)
      return sessions
    }
    return this.#record("list", { user }, work, (sessions) => ({ listed: sessions.map(see) }))
  }

  async #record<T>(op: OperationName, args: OperationArgs, work: () => Promise<T>, read: (answer: T) => Answer): Promise<T | undefined> {
    const line: Pick<HistoryLine, "client" | "op" | "args"> = { client: this.#name, op, args }
    const answer = await this.#recorder.record(line, work, read)
    if (answer === undefined) this.#name = this.#recorder.newClient(this.#process)
    return answer
  }

  #newText(): string {
    this.#writes += 1
    return `${this.#name}:${this.#writes}`
  }
}

function see({ sessionId, version, attributes }: Session): Seen {
  return { session: sessionId, version, text: attributes.text }
}

function found(session: Session | null): Answer {
  return { seen: session === null ? null : see(session) }
}

function issued({ token, session }: IssuedSession<Attributes>): Answer {
  return { seen: see(session), secret: nameSecret(token) }
}
