import fc from "fast-check"
import type { ConformanceSetup } from "../../exports/testing.js"
import { type Real, TooSlow } from "../model/model-command.js"
import { sessionCommands } from "../model/session-commands.js"
import { SessionModel } from "../model/session-model.js"

export interface ModelCheck {
  readonly setup: ConformanceSetup
  readonly idleMs: number
  readonly touchIntervalMs: number
  /** 0 on a clock that stands still. */
  readonly toleranceMs: number
  readonly runs: number
  readonly commands: number
  /** Added to the seed, so that checks side by side do not all try the same. */
  readonly lane?: number
}

/** The seed of this process's runs. A failure names it, and setting it plays the same runs again. */
const SEED = Number(process.env.COATCHECK_MODEL_SEED ?? Date.now() % 0x7fffffff)

/**
 * Plays random sequences of calls on a service and on the model.
 *
 * @returns what came to pass in all runs together, and how many runs were fast enough to be judged
 */
export async function checkAgainstModel(check: ModelCheck): Promise<{ readonly met: Real["met"]; readonly judged: number }> {
  const met: Real["met"] = new Set()
  const seed = SEED + (check.lane ?? 0)
  let judged = 0
  const property = fc.asyncProperty(sessionCommands(check.commands), async (commands) => {
    if (await play(check, commands, met)) judged += 1
  })
  const replay = `To play these runs again: COATCHECK_MODEL_SEED=${SEED}`
  // Making a failing sequence shorter takes many runs, which is too long where time is real.
  await fc.assert(property, { seed, numRuns: check.runs, endOnFailure: check.toleranceMs > 0 }).catch((error: unknown) => {
    throw new Error(`${replay}\n${error instanceof Error ? error.message : String(error)}`, { cause: error })
  })
  return { met, judged }
}

async function play(check: ModelCheck, commands: Iterable<fc.AsyncCommand<SessionModel, Real>>, met: Real["met"]): Promise<boolean> {
  const { idleMs, toleranceMs, touchIntervalMs } = check
  const store = await check.setup({ touchInterval: `${touchIntervalMs}ms` })
  let moved = 0
  const real: Real = {
    service: store.service,
    now: toleranceMs === 0 ? () => moved : () => performance.now(),
    advance: async (milliseconds) => {
      moved += milliseconds
      await store.advance(`${milliseconds}ms`)
    },
    tokens: [],
    idleMs,
    absoluteMs: 4 * idleMs,
    toleranceMs,
    met,
  }
  try {
    await fc.asyncModelRun(() => ({ model: new SessionModel({ touchInterval: touchIntervalMs, marginMs: toleranceMs + 3 }), real }), commands)
    return true
  } catch (error) {
    if (error instanceof TooSlow) return false
    throw error
  } finally {
    await store.close()
  }
}
