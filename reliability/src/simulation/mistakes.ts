import type { ISessionService } from "coatcheck"
import type { Attributes } from "../workloads/RecordedClient.js"
import { rangeByScore } from "./store/SortedMembers.js"
import { SCRIPTS } from "./store/StoreEngine.js"
import type { ScriptFunction } from "./store/script.js"
import { inTurn } from "./store/scripts/index-scripts.js"

/** Mistakes that a service or its scripts could have, to show that the simulation sees them. */
export const MISTAKES = [
  "touch-brings-back",
  "update-without-compare",
  "not-after-ignored",
  "operation-forgotten",
  "limit-checked-before",
  "sign-out-without-cutoff",
  "sign-out-from-the-past",
  "delete-does-nothing",
  "list-key-never-dies",
  "absolute-deadline-moves",
] as const
export type Mistake = (typeof MISTAKES)[number]

type Service = ISessionService<Attributes>
type Scripts = Readonly<Record<string, ScriptFunction>>

/** The scripts, with one of them spoiled. */
export function mistakenScripts(mistake: Mistake | undefined): Scripts {
  return mistake === undefined ? SCRIPTS : { ...SCRIPTS, ...spoiledScripts(mistake) }
}

function spoiledScripts(mistake: Mistake): Scripts {
  switch (mistake) {
    case "touch-brings-back":
      return { "session-touches": bringingBack() }
    case "update-without-compare":
      return { "session-update": (keys, names, args) => script("session-update")(keys, names, [versionOf(keys.get(names[0] ?? "")), ...args.slice(1)]) }
    case "not-after-ignored":
      return {
        "session-create": withArgument("session-create", 1, "9e15"),
        "session-update": withArgument("session-update", 3, "9e15"),
      }
    case "operation-forgotten":
      return { "session-update": forgetting() }
    case "sign-out-without-cutoff":
      return { "index-cutoff": cuttingOffAt(() => Number.MAX_SAFE_INTEGER) }
    case "sign-out-from-the-past":
      return { "index-cutoff": cuttingOffAt((nowMicros) => nowMicros - 500_000) }
    case "delete-does-nothing":
      return { "session-delete": (keys, [name = ""]) => (keys.exists(name) ? [0, keys.nowMicros, ""] : [1, keys.nowMicros]) }
    case "list-key-never-dies":
      return { "session-touches": healingWithoutTtl }
    case "absolute-deadline-moves":
      return { "session-touches": prolonging }
    case "limit-checked-before":
      return {}
  }
}

function cuttingOffAt(scoreAt: (nowMicros: number) => number): ScriptFunction {
  return (keys, [index = ""], [count]) => {
    const score = scoreAt(keys.nowMicros)
    const page = rangeByScore(keys.members(index), "-inf", String(score), Number(count))
    return [keys.nowMicros, score, ...inTurn(page)]
  }
}

/** The service, with one mistake built in that no script can have. */
export function mistakenService(service: Service, mistake: Mistake | undefined): Service {
  if (mistake !== "limit-checked-before") return service
  return new Proxy(service, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (name === "createSession") return (options: Parameters<Service["createSession"]>[0]) => checkingBefore(target, options)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
}

async function checkingBefore(service: Service, options: Parameters<Service["createSession"]>[0]): ReturnType<Service["createSession"]> {
  const { userId, maxSessionsPerUser } = options
  if (userId !== undefined && typeof maxSessionsPerUser === "number") {
    const { sessions } = await service.getUserSessions(userId)
    for (const { sessionId } of sessions.slice(maxSessionsPerUser - 1)) await service.deleteUserSession(userId, sessionId)
  }
  return service.createSession({ ...options, maxSessionsPerUser: "unlimited" })
}

function script(name: string): ScriptFunction {
  const found = SCRIPTS[name]
  if (found === undefined) throw new Error(`Expected a script of the name ${name}`)
  return found
}

function versionOf(text: string | null): string {
  return String(Number(text?.slice(63, 72) ?? 0))
}

function withArgument(name: string, at: number, value: string): ScriptFunction {
  return (keys, names, args) => script(name)(keys, names, [...args.slice(0, at), value, ...args.slice(at + 1)])
}

// As a service does that reads, thinks, and writes back what it read.
function bringingBack(): ScriptFunction {
  const remembered = new Map<string, string>()
  return (keys, names, args) => {
    for (const name of names) {
      const known = remembered.get(name)
      if (!keys.exists(name) && known !== undefined) keys.set(name, known, 60_000)
    }
    const reply = script("session-touches")(keys, names, args)
    for (const name of names) {
      const entry = keys.find(name)
      if (entry?.type === "string") remembered.set(name, entry.value)
    }
    return reply
  }
}

function forgetting(): ScriptFunction {
  let made = 0
  return (keys, names, args) => {
    made += 1
    const operation = `o${String(made).padStart(5, "0")}`
    return script("session-update")(keys, names, [args[0] ?? "", operation, ...args.slice(2)])
  }
}

const healingWithoutTtl: ScriptFunction = (keys, names, args) => {
  const lost = names.filter((name) => !keys.exists(name))
  const reply = script("session-touches")(keys, names, args)
  for (const name of lost) {
    const entry = keys.find(name)
    if (entry !== undefined) keys.restore(name, { ...entry, expiresAt: undefined })
  }
  return reply
}

const prolonging: ScriptFunction = (keys, names, args) => {
  const reply = script("session-touches")(keys, names, args)
  for (const name of names) if (keys.find(name)?.type === "string") keys.pexpire(name, 40 * 86_400_000)
  return reply
}
