// One library or client in a process of its own: tells which rows it has, and measures them for as long as it is asked to. Loads nothing of the others.
import { answerParent } from "./processes/answer-parent.js"
import type { Opening, Question, Row } from "./rounds/questions.js"
import { Running } from "./rounds/slice.js"

const running = new Map<string, Running>()

answerParent(async (question: Question) => {
  if ("open" in question) return open(question.open)
  if ("refill" in question) return runningOf(question.refill).refill()
  return runningOf(question.measure).slice(question.slice)
})

async function open(opening: Opening): Promise<Readonly<Record<string, Omit<Row, "work">>>> {
  const rows = await rowsOf(opening)
  const told = Object.entries(rows).map(([key, { work, ...row }]) => {
    running.set(key, new Running(work))
    return [key, row] as const
  })
  return Object.fromEntries(told)
}

async function rowsOf({ group, settings }: Opening): Promise<Readonly<Record<string, Row>>> {
  if (group === "sessions") return (await import("./sessions/libraries.js")).openLibrary(settings)
  return (await import("./limits/libraries.js")).openLibrary(settings)
}

function runningOf(key: string): Running {
  const one = running.get(key)
  if (one === undefined) throw new RangeError(`Expected a row to be one of ${[...running.keys()].join(", ")}`)
  return one
}
