import { setTimeout as pause } from "node:timers/promises"
import type { ISessionService, SessionData } from "coatcheck"
import { createClient } from "redis"
import { bound } from "../workloads/bound-service.js"
import { nodesOf } from "../workloads/open-store.js"
import type { Attributes } from "../workloads/RecordedClient.js"

/** Mistakes that a near-cache could have, to show that W7 sees them. */
export const NEAR_DEFECTS = ["lease-by-timer", "kept-over-reconnect"] as const
export type NearDefect = (typeof NEAR_DEFECTS)[number]

type Service = ISessionService<Attributes>
type Read = Service["getSession"]

export function isNearDefect(defect: string | undefined): defect is NearDefect {
  return NEAR_DEFECTS.some((name) => name === defect)
}

/** A service whose reads are answered by a cache with one mistake, and what ends it. */
export async function spoilNear(service: Service, defect: NearDefect, place: { readonly url: string; readonly leaseMs: number }) {
  const kept = new Map<string, SessionData<Attributes>>()
  const changing = (token: string | null | undefined): void => void kept.delete(token ?? "")
  const { getSession, close } = defect === "lease-by-timer" ? byTimer(service, kept, place.leaseMs) : await overReconnects(service, kept, place)
  const spoiled: Service = {
    ...bound(service),
    getSession,
    // Its own changes are none of its mistakes.
    deleteSession: (token) => service.deleteSession(token).finally(() => changing(token)),
    deleteUserSessions: (user) => service.deleteUserSessions(user).finally(() => kept.clear()),
    rotateSession: (token, options) => service.rotateSession(token, options).finally(() => changing(token)),
    updateSession: (token, changes) => service.updateSession(token, changes).finally(() => changing(token)),
  }
  return { service: spoiled, close }
}

/** What is kept is forgotten by a timer, which comes late when the process is busy. */
function byTimer(service: Service, kept: Map<string, SessionData<Attributes>>, leaseMs: number): { readonly getSession: Read; close(): void } {
  const getSession: Read = async (token, options) => {
    const known = kept.get(token ?? "")
    if (known !== undefined) return known
    const session = await service.getSession(token, options)
    if (session !== null) {
      kept.set(token ?? "", session)
      // Half of the lease, so that it is this one mistake alone that is found.
      setTimeout(() => kept.delete(token ?? ""), leaseMs / 2).unref()
    }
    return session
  }
  return { getSession, close: () => kept.clear() }
}

/** What is kept is forgotten when the server tells of a change, and nothing when the connection that would have told was lost meanwhile. */
async function overReconnects(
  service: Service,
  kept: Map<string, SessionData<Attributes>>,
  { url, leaseMs }: { readonly url: string; readonly leaseMs: number },
): Promise<{ readonly getSession: Read; close(): void }> {
  const tokens = new Map<string, string>()
  let changes = 0
  const clients = nodesOf(url).map((place) => {
    const client = createClient({ socket: { ...place, reconnectStrategy: () => 10 }, RESP: 3, emitInvalidate: true })
    client.on("error", () => undefined)
    client.on("invalidate", (key: Buffer | null) => {
      changes += 1
      if (key === null) kept.clear()
      else kept.delete(tokens.get(key.toString()) ?? "")
    })
    return client
  })
  await Promise.all(clients.map((client) => client.connect()))
  const getSession: Read = async (token, options) => {
    const known = kept.get(token ?? "")
    if (known !== undefined) return known
    const [tag = "", id = ""] = (token ?? "").split(".")
    const key = `session:{${tag}}.${id}`
    tokens.set(key, token ?? "")
    const before = changes
    // Of a cluster's nodes, the one that has the key will tell of it, and the others refuse. A line that is dead without a word is none of its mistakes.
    await Promise.race([Promise.allSettled(clients.map((client) => client.get(key))), pause(leaseMs)])
    const session = await service.getSession(token, options)
    if (session !== null && changes === before) kept.set(token ?? "", session)
    return session
  }
  const close = (): void => {
    for (const client of clients) client.destroy()
  }
  return { getSession, close }
}
