import type { Figures, Summary } from "../../layer.js"
import type { FaultFinding, FaultSite } from "../fault-row.js"
import { SETTLES_MS } from "../limits.js"
import { judgeRates } from "./judge-rates.js"
import type { RateHistory } from "./RateLoad.js"

/** What a row did beside the load, and what it may have done to it. */
export interface Disturbed {
  readonly version: string
  readonly tried: number
  readonly timeoutMs: number
  /** Whether what counted may be lost. */
  readonly mayLose?: boolean
  /** Whether the store was away for some calls, so that each rule's `onOutage` must have been met; else it must never have been. */
  readonly isOutage?: boolean | "perhaps"
  readonly figures?: Figures
  readonly summary?: Summary
  readonly why?: readonly string[]
}

/** Judges a load of rate limits that something was done to. */
export function ratesFinding({ client }: Pick<FaultSite, "client">, history: RateHistory, disturbed: Disturbed): FaultFinding {
  const { version, tried, timeoutMs, mayLose = false, isOutage = false, figures = {}, summary = {}, why = [] } = disturbed
  const { lines, offset, disturbances, longestOwnMs } = history
  // An application's own ioredis client sends again by itself what was under way.
  const judged = judgeRates(lines, { offset, disturbances, mayLose, resends: client === "ioredis" })
  const count = (judgedBy: string, answer: string): number =>
    lines.filter((line) => line.judgedBy === judgedBy && line.answer === answer && line.op !== "release").length
  const met = {
    "by the store: admitted": count("store", "done"),
    "denied by it": count("store", "denied"),
    "by closed": count("policy", "denied"),
    "by open": count("policy", "done"),
    "by local": count("local", "done") + count("local", "denied"),
  }
  const { "by the store: admitted": admitted, "denied by it": denied, ...inPlace } = met
  const beyondMs = Math.max(0, longestOwnMs - timeoutMs)
  const missing = Object.entries({ admitted, denied, ...(isOutage === true ? inPlace : {}) }).filter(([, times]) => times === 0)
  return {
    version,
    tried,
    figures: {
      calls: lines.length,
      ...met,
      ...(mayLose ? { "most units beyond a formula": judged.surplus } : {}),
      "longest call ms": Math.round(longestOwnMs),
      ...figures,
    },
    summary: {
      "calls of rate limits": lines.length,
      ...(mayLose ? { "  most units beyond it because counts were lost": judged.surplus } : {}),
      "longest call beyond its deadline (ms)": Math.round(beyondMs),
      ...summary,
    },
    why: [
      ...why,
      ...judged.why,
      ...missing.map(([what]) => `Expected some calls to be answered so: ${what}, got none`),
      ...(isOutage === false && Object.values(inPlace).some((times) => times > 0)
        ? ["Expected every call to be decided by the store, got some that were not"]
        : []),
      ...(beyondMs > SETTLES_MS ? [`Expected every call to end within ${timeoutMs + SETTLES_MS} ms, got one of ${Math.round(longestOwnMs)} ms`] : []),
    ],
  }
}
