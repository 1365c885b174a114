import { inspect } from "node:util"
import { SessionError } from "../../domain/errors.js"
import type { Logger, SessionEvent } from "../../domain/interfaces/ports.js"
import type { OwnedSessionService, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"

export type Service = OwnedSessionService<SessionAttributes, SessionAttributes>

/** Stands in the attributes of every session: it belongs into the store, and into nothing else. */
export const SESSION_DATA = "private-attribute-of-a-user"

/** Everything that a service tells its application, as text; and what must not be in it. */
export class Witness {
  readonly told: string[] = []
  readonly hidden = new Map<string, string>()
  readonly codes = new Set<string>()
  readonly types = new Set<string>()
  /** Handles are public: finding them shows that the search would find a secret. */
  readonly handles: string[] = []

  readonly onEvent = (event: SessionEvent): void => {
    this.types.add(event.type)
    this.told.push(`event ${JSON.stringify(event)} ${inspect(event, { depth: 9 })}`)
    // A listener that fails, with the worst in its hands.
    throw new Error([...this.hidden.values()].join(" "))
  }

  readonly logger: Logger = { warn: (fields, message) => void this.told.push(`log ${message} ${JSON.stringify(fields)} ${inspect(fields, { depth: 9 })}`) }

  /** Notes a token that was issued. */
  token(token: string): string {
    this.handles.push(token.slice(0, 26))
    const number = this.handles.length
    this.hidden.set(`secret ${number}`, token.slice(27))
    // Half a secret is no secret any more.
    this.hidden.set(`first half of secret ${number}`, token.slice(27, 48))
    this.hidden.set(`second half of secret ${number}`, token.slice(-21))
    return token
  }

  /** Makes a call that may fail, and notes how. */
  async tries<T>(call: () => Promise<T>): Promise<T | null> {
    try {
      return await call()
    } catch (error) {
      this.codes.add(SessionError.is(error) ? error.code : String((error as Error).name))
      const { stack = "" } = error as Error
      this.told.push(
        `error ${String(error)}\n${stack}\n${JSON.stringify(error)}\n${inspect(error, { depth: 9, showHidden: true })}\n${String((error as Error).cause)}`,
      )
      return null
    }
  }
}

/** Every operation, with everything that can go wrong with a store that answers. `spoil` puts garbage in the place of a session's record. */
export async function everything(services: readonly [Service, Service], witness: Witness, spoil: (sessionId: string) => Promise<void>): Promise<void> {
  const [one, two] = services
  const attributes = { note: SESSION_DATA }
  const made = await Promise.all([
    one.createSession({ userId: "ada", attributes, device: { ip: "192.0.2.7", userAgent: "Browser", label: "Laptop" }, persistent: true }),
    one.createSession({ attributes }),
    one.createSession({ pendingUserId: "ada", attributes }),
    one.createSession({ userId: "bob", impersonatorId: "ada", attributes }),
    two.createSession({ userId: "ada", attributes, idleTimeout: "1h" }),
  ])
  const [mine = "", guest = "", pending = "", , other = ""] = made.map(({ token }) => witness.token(token))
  await reads(services, witness, [mine, guest, pending, other])
  await writes(services, witness, mine, guest)
  await refusals(one, witness, mine)
  const spoilt = await one.createSession({ userId: "ada", attributes })
  witness.token(spoilt.token)
  await spoil(spoilt.session.sessionId)
  for (const call of [
    () => one.getSession(spoilt.token),
    () => one.updateSession(spoilt.token, { n: 1 }),
    () => one.extendSession(spoilt.token),
    () => one.rotateSession(spoilt.token),
  ])
    await witness.tries<unknown>(call)
  await ends(services, witness)
}

async function reads([one, two]: readonly [Service, Service], witness: Witness, tokens: readonly string[]): Promise<void> {
  const wrong = "A".repeat(43)
  for (const token of tokens) {
    for (const service of [one, two]) {
      await witness.tries(() => service.getSession(token))
      await witness.tries(() => service.getSession(token, { touch: false }))
      await witness.tries(() => service.getSession(`${token.slice(0, 27)}${wrong}`))
      await witness.tries(() => service.getSession(`${token} `))
    }
    await witness.tries(() => one.extendSession(`${token.slice(0, 27)}${wrong}`))
    await witness.tries(() => one.deleteSession(`${token.slice(0, 27)}${wrong}`))
    await witness.tries(() => one.getSession(token, { signal: AbortSignal.abort() }))
  }
  await witness.tries(() => one.getUserSessions("ada", { limit: 1 }))
}

async function writes([one, two]: readonly [Service, Service], witness: Witness, mine: string, guest: string): Promise<void> {
  await Promise.all(
    Array.from({ length: 6 }, (_, n) => witness.tries(() => (n % 2 ? one : two).updateSession(guest, (own) => ({ ...own, [`n${n}`]: SESSION_DATA })))),
  )
  await witness.tries(() => one.updateSession(mine, { n: 1 }, { ifVersion: 77 }))
  await witness.tries(() => one.updateSession(mine, { text: SESSION_DATA.repeat(4_000) }))
  await witness.tries(() => one.updateUserSession("ada", mine.slice(0, 26), { role: "admin" }, { unset: ["note"] }))
  await witness.tries(() => one.extendSession(mine, "2h"))
  await witness.tries(() => one.rotateSession(guest, { reauthenticated: true }))
  let current = mine
  for (const options of [{}, { grace: "30s" }, { reauthenticated: true }, { changes: { role: "root" } }] as const) {
    const issued = await witness.tries(() => one.rotateSession(current, options))
    if (issued === null) continue
    witness.token(issued.token)
    // The replaced one, in grace or not.
    await witness.tries(() => one.rotateSession(current))
    await witness.tries(() => two.getSession(current))
    current = issued.token
  }
}

/** A token given where something else is asked for. */
async function refusals(service: Service, witness: Witness, token: string): Promise<void> {
  const given = token as never
  const calls: readonly (() => Promise<unknown>)[] = [
    () => service.createSession({ userId: `${token}\ud800` }),
    () => service.createSession({ idleTimeout: given }),
    () => service.createSession({ onLimit: given }),
    () => service.createSession({ [token]: 1 } as never),
    () => service.createSession({ attributes: { [token]: new Date() } }),
    () => service.createSession({ device: { ip: token } }),
    () => service.createSession({ device: { [token]: token } as never }),
    () => service.createSession(given),
    () => service.getSession(token, given),
    () => service.getSession(token, { signal: given }),
    () => service.updateSession(token, given),
    () => service.updateSession(token, { at: Symbol(token) }),
    () => service.updateSession(token, () => given),
    () => service.updateSession(token, {}, { ifVersion: given }),
    () => service.extendSession(token, given),
    () => service.rotateSession(token, { grace: given }),
    () => service.deleteSession(token, { reason: given }),
    () => service.deleteUserSession("ada", given),
    () => service.deleteUserSessions("ada", { except: given }),
    () => service.getUserSessions("ada", { cursor: token }),
    () => service.getUserSessions("ada", { limit: given }),
    () => service.cleanupExpiredSessions({ cursor: token }),
    () => service.createSession({ userId: "ada", maxSessionsPerUser: 1, onLimit: "reject" }),
  ]
  for (const call of calls) await witness.tries(call)
}

async function ends([one, two]: readonly [Service, Service], witness: Witness): Promise<void> {
  const crowd = await Promise.all(Array.from({ length: 4 }, () => one.createSession({ userId: "eve", maxSessionsPerUser: 2 })))
  for (const { token } of crowd) witness.token(token)
  for (const { token } of crowd) await witness.tries(() => two.deleteSession(token))
  await witness.tries(() => one.cleanupExpiredSessions({ maxPerSecond: 10_000_000, onProgress: (report) => void witness.told.push(JSON.stringify(report)) }))
  await witness.tries(() => one.deleteUserSessions("ada", { thorough: true }))
  await witness.tries(() => one.ping())
  const last = await one.createSession({ userId: "zoe", attributes: { note: SESSION_DATA } })
  witness.token(last.token)
}
