import { setTimeout as pause } from "node:timers/promises"
import { type ISessionService, SessionError } from "coatcheck"
import type { Attributes } from "../workloads/RecordedClient.js"

type Service = Pick<ISessionService<Attributes>, "getSession">

const AGAIN_MS = 50
const WITHIN_MS = 20_000

/** Whether a token opens a session, asked again while the store cannot say: after a fault an answer counts, not how soon it comes. */
export async function lookUntilTold(service: Service, token: string): Promise<boolean> {
  const deadline = performance.now() + WITHIN_MS
  for (;;) {
    try {
      return (await service.getSession(token)) !== null
    } catch (error) {
      if (!SessionError.is(error) || !error.retryable || performance.now() > deadline) throw error
      await pause(AGAIN_MS)
    }
  }
}
