import type { Change, Entry } from "../store/Keyspace.js"
import type { SortedMembers } from "../store/SortedMembers.js"
import type { Execution } from "../store/StoreEngine.js"

/** A session that a late copy of its creation opened once more. */
export interface OpenedAgain {
  readonly key: string
  readonly text: string
}

/**
 * What users' lists forgot, and when by the server's clock. A list remembers a session until the last copy of its creation is late; when the clock is set back after
 * that, such a copy is in time once more, and nothing tells that the session is over (docs/reliability.md, "Clocks").
 */
export class ListMemory {
  readonly #forgottenAt = new Map<string, number>()

  /** @returns the sessions that a command opened once more because their list had forgotten them by a clock that was ahead */
  executed({ name, changes }: Pick<Execution, "name" | "changes">, nowMicros: number): readonly OpenedAgain[] {
    for (const { key, before, after } of changes)
      for (const { member } of membersOf(before)?.all ?? [])
        if (membersOf(after)?.score(member) === undefined) this.#forgottenAt.set(sessionIn(key, member), nowMicros)
    return name === "session-create" ? changes.flatMap((change) => this.#openedAgain(change, nowMicros)) : []
  }

  #openedAgain({ key, before, after }: Change, nowMicros: number): readonly OpenedAgain[] {
    const isAhead = (this.#forgottenAt.get(key) ?? 0) > nowMicros
    return isAhead && before === undefined && after?.type === "string" ? [{ key, text: after.value }] : []
  }
}

function membersOf(entry: Entry | undefined): SortedMembers | undefined {
  return entry?.type === "zset" ? entry.value : undefined
}

/** The key of a session that a list names: both have the user's tag. */
function sessionIn(list: string, id: string): string {
  return `session:${/\{.{3}\}/.exec(list)?.[0] ?? ""}.${id}`
}
