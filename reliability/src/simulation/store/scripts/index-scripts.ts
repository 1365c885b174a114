import { keepIndex, readHead, whole } from "../record-head.js"
import { type Member, rangeByScore } from "../SortedMembers.js"
import type { ScriptFunction } from "../script.js"

export const indexCutoff: ScriptFunction = (keys, [index = ""], [count]) => {
  const { all } = keys.members(index)
  return [keys.nowMicros, Math.max(keys.nowMicros, Math.ceil(all.at(-1)?.score ?? 0)), ...inTurn(all.slice(0, Number(count)))]
}

export const indexEnd: ScriptFunction = (keys, [index = "", ...sessions], [memory]) => {
  const now = keys.nowMicros
  const isOld = (session = ""): boolean => {
    const score = keys.members(index).score(idOf(session))
    return score !== undefined && score + Number(memory) < keys.nowMicros
  }
  // The last first, then by halves.
  let [from, to] = [0, sessions.length]
  if (isOld(sessions.at(-1))) from = to
  else to -= 1
  while (from < to) {
    const middle = Math.ceil((from + to) / 2)
    if (isOld(sessions[middle - 1])) from = middle
    else to = middle - 1
  }
  const old = sessions.slice(0, from).map(idOf)
  const existed = sessions.map((session) => keys.unlink(session)).join("")
  const left = old.length === 0 ? 0 : keys.zrem(index, old)
  return [now, left, existed, keys.members(index).size]
}

export const indexHeal: ScriptFunction = (keys, names, [memory]) => {
  const now = keys.nowMicros
  let added = 0
  for (let at = 0; at < names.length; at += 2) {
    const [index = "", session = ""] = names.slice(at, at + 2)
    const head = readHead(keys, session, 171)
    if (head === undefined || head === false || keys.find(index)?.type === "string") continue
    added += keys.zadd(index, Number(whole(head.created)), idOf(session), true)
    keepIndex(keys, index, head.absolute, Number(memory))
  }
  return [now, added]
}

export const indexLists: ScriptFunction = (keys, [index = ""], ids) => {
  return [keys.nowMicros, ...ids.map((id) => (keys.members(index).score(id) === undefined ? 0 : 1))]
}

export const indexPage: ScriptFunction = (keys, [index = ""], [order, from = "", to = "", count]) => {
  const page = rangeByScore(keys.members(index), from, to, Number(count), order === "REV")
  return [keys.nowMicros, ...inTurn(page)]
}

export const indexPrune: ScriptFunction = (keys, names, [memory, ...counts]) => {
  const now = keys.nowMicros
  let at = 0
  const prune = (count: number): number => {
    const index = names[at] ?? ""
    const sessions = names.slice(at + 1, at + 1 + count)
    at += 1 + count
    if (keys.find(index)?.type === "string") return 0
    const dead = sessions.filter((session) => {
      const score = keys.members(index).score(idOf(session))
      return score !== undefined && score + Number(memory) < keys.nowMicros && !keys.exists(session)
    })
    return dead.length === 0 ? 0 : keys.zrem(index, dead.map(idOf))
  }
  return [now, counts.map(Number).reduce((removed, count) => removed + prune(count), 0)]
}

/** Members and their scores in turn, as a script answers them. */
export function inTurn(members: readonly Member[]): readonly string[] {
  return members.flatMap(({ member, score }) => [member, String(score)])
}

const idOf = (session: string): string => session.slice(-22)
