import type { HistoryLine } from "./history-line.js"
import { livesByUser } from "./limit-sweep.js"
import type { SessionLife } from "./session-life.js"
import type { Violation } from "./violation.js"

/** V7: a list holds what surely lived during the whole call, once each, and nothing that had ended before it or belongs to another user. */
export function checkLists(lines: readonly HistoryLine[], lives: ReadonlyMap<string, SessionLife>): Violation[] {
  const surelyAlive = new Map([...livesByUser(lives)].map(([user, own]) => [user, new AliveAt(own)]))
  // Whoever was not told the handle of a new session cannot know it in a list.
  const untold = new Set(lines.filter(({ op, outcome }) => op === "create" && outcome === "unknown").map(({ args }) => args.user))
  const lists = lines.filter(({ op, outcome }) => op === "list" && outcome === "ok").sort((a, b) => a.call - b.call)
  return lists.flatMap((line) => {
    if (line.ret === null) return []
    const { user = "" } = line.args
    const { call, ret } = line
    const listed = (line.value.listed ?? []).map(({ session }) => session)
    const names = new Set(listed)
    const report = (what: string): Violation => ({ rule: "V7", subject: user, what })
    const missing = (surelyAlive.get(user)?.at(call) ?? []).filter(([name, life]) => !names.has(name) && life.mayEndFrom > ret)
    const stale = listed.filter((name) => (lives.get(name)?.endedBy ?? Number.POSITIVE_INFINITY) < call)
    const foreign = listed.filter((name) => {
      const owner = lives.get(name)?.user
      return owner !== user && (owner !== undefined || !untold.has(user))
    })
    return [
      ...missing.map(([name]) => report(`the list lacks ${name}, which lived all the while`)),
      ...stale.map((name) => report(`the list holds ${name}, whose end had been acknowledged`)),
      ...foreign.map((name) => report(`the list holds ${name}, which is not this user's`)),
      ...(names.size < listed.length ? [report("the list holds a session twice")] : []),
    ]
  })
}

type Life = readonly [string, SessionLife]

/** The sessions of one user that surely lived at times that only grow: few of all that the user ever had. */
class AliveAt {
  readonly #coming: readonly Life[]
  #came = 0
  #alive: Life[] = []

  constructor(own: readonly Life[]) {
    this.#coming = [...own].sort(([, a], [, b]) => a.createdBy - b.createdBy)
  }

  at(time: number): readonly Life[] {
    for (let next = this.#coming[this.#came]; next !== undefined && next[1].createdBy < time; next = this.#coming[this.#came]) {
      this.#alive.push(next)
      this.#came += 1
    }
    this.#alive = this.#alive.filter(([, { mayEndFrom }]) => mayEndFrom > time)
    return this.#alive
  }
}
