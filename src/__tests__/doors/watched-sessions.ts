import { createSessionService, type ISessionService, SessionError, type SessionEvent } from "../../exports/index.js"
import { createFakeClock, type FakeClock } from "../../exports/testing.js"
import type { Attributes } from "./routes.js"

/** A session service whose calls are counted, and whose store can go away. */
export interface WatchedSessions {
  readonly sessions: ISessionService<Attributes>
  readonly clock: FakeClock
  /** Names of the methods that were called since the test began. */
  readonly calls: string[]
  away: boolean
  /** What calls reject with instead, for once that it is no error of this library. */
  failure: Error | null
  close(): Promise<void>
}

export async function watchedSessions(onEvent?: (event: SessionEvent) => void): Promise<WatchedSessions> {
  const clock = createFakeClock("2026-01-01T00:00:00Z")
  const service = await createSessionService<Attributes>({ store: "memory:", clock, onEvent })
  const watched: WatchedSessions = { sessions: undefined as never, clock, calls: [], away: false, failure: null, close: () => service.close() }
  const sessions = new Proxy(service, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== "function") return method
      return (...given: readonly unknown[]) => {
        watched.calls.push(String(name))
        if (watched.failure !== null) return Promise.reject(watched.failure)
        if (watched.away) return Promise.reject(new SessionError("ERR_STORE_UNAVAILABLE", "Expected a store that answers."))
        return method.apply(target, given)
      }
    },
  })
  return Object.assign(watched, { sessions })
}
