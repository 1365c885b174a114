import { createHash } from "node:crypto"
import type { ISessionService, SessionToken } from "coatcheck"
import { nameSecret } from "../../histories/HistoryRecorder.js"
import { bound } from "../../workloads/bound-service.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import type { Random } from "../../workloads/random.js"

type Service = ISessionService<Attributes>

/** Whose sessions belong to nobody: the workload knows guests by names, the service does not. */
export const GUESTS = "guest"
/** Whose creations are refused at the limit instead of ending the oldest. */
export const REFUSING_USER = "refusing"

/** What the store keeps of a secret, and the name by which a history knows it. */
export type SecretNames = Map<string, string>

/** The service as a workload calls it, in more forms than the workload has words for: guests, functions as changes, refusals at the limit. */
export function varied(service: Service, random: Random, secrets: SecretNames): Service {
  const learn = <T extends { readonly token: SessionToken } | null>(issued: T): T => {
    if (issued !== null) secrets.set(verifierOf(issued.token), nameSecret(issued.token))
    return issued
  }
  return {
    ...bound(service),
    createSession: async ({ userId, ...options }) => {
      if (userId === undefined || userId.startsWith(GUESTS)) return learn(await service.createSession(options))
      return learn(await service.createSession({ ...options, userId, onLimit: userId === REFUSING_USER ? "reject" : "evict-oldest" }))
    },
    rotateSession: async (token, options) => learn(await service.rotateSession(token, options)),
    updateSession: (token, changes, options) => {
      if (typeof changes === "function" || random(3) > 0) return service.updateSession(token, changes, options)
      return service.updateSession(token, (own) => ({ ...own, text: changes.text ?? own.text }), options)
    },
  }
}

function verifierOf(token: string): string {
  return createHash("sha256")
    .update(token.split(".")[2] ?? "")
    .digest("base64url")
    .slice(0, 22)
}
