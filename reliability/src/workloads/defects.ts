import { crc32 } from "node:zlib"
import type { ISessionService, SessionData } from "coatcheck"
import { LIMIT_DEFECTS } from "../limits/limit-defects.js"
import { NEAR_DEFECTS } from "../near/near-defects.js"
import { bound } from "./bound-service.js"
import type { Attributes } from "./RecordedClient.js"
import type { StoreKeys } from "./store-keys.js"

/** Mistakes that a service could have, to show that the checkers see them. */
const SESSION_DEFECTS = ["delete-does-nothing", "update-without-compare", "no-limit", "remembered-reads"] as const
type SessionDefect = (typeof SESSION_DEFECTS)[number]
export const DEFECTS = [...SESSION_DEFECTS, ...LIMIT_DEFECTS, ...NEAR_DEFECTS] as const
export type Defect = (typeof DEFECTS)[number]

/** One that the checkers of sessions look for. */
export function isSessionDefect(defect: string | undefined): defect is SessionDefect {
  return SESSION_DEFECTS.some((name) => name === defect)
}

type Service = ISessionService<Attributes>

/** The service with one mistake built in. */
export function spoil(service: Service, defect: SessionDefect, store: StoreKeys): Service {
  return { ...bound(service), ...spoiled(service, defect, store) }
}

function spoiled(service: Service, defect: SessionDefect, store: StoreKeys): Partial<Service> {
  switch (defect) {
    case "delete-does-nothing":
      return { deleteSession: async (token) => (await service.getSession(token)) !== null }
    case "update-without-compare":
      return { updateSession: (token, changes) => overwrite(service, store, token, changes) }
    case "no-limit":
      return { createSession: (options) => service.createSession({ ...options, maxSessionsPerUser: "unlimited" }) }
    case "remembered-reads":
      return { getSession: remembering(service) }
  }
}

function remembering(service: Service): Service["getSession"] {
  const remembered = new Map<string, SessionData<Attributes>>()
  return async (token) => {
    const known = remembered.get(token ?? "")
    if (known !== undefined) return known
    const session = await service.getSession(token)
    if (session !== null) remembered.set(token ?? "", session)
    return session
  }
}

/** Reads, thinks, and writes what it thought of, whatever was written in between. */
async function overwrite(service: Service, store: StoreKeys, token: string, changes: unknown): Promise<SessionData<Attributes> | null> {
  const session = await service.getSession(token, { touch: false })
  if (session === null || typeof changes !== "object" || changes === null) return null
  const [tag, id] = session.sessionId.split(".")
  const key = `session:{${tag}}.${id}`
  const text = await store.get(key)
  if (text === null) return null
  const attributes = { ...session.attributes, ...changes }
  const rest = `,1,${JSON.stringify(attributes)}]}`
  const version = session.version + 1
  const head = text
    .slice(0, text.indexOf('"body":["'))
    .replace(/("head":\[[^,]*,[^,]*,\d,)[ \d]{9}/, (_, before: string) => before + String(version).padStart(9))
  const fixed = head.slice(head.indexOf('"userId"'))
  await store.set(key, `${head}"body":["${crc32(rest, crc32(fixed)).toString(16).padStart(8, "0")}"${rest}`)
  return { ...session, version, attributes }
}
