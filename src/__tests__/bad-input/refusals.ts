import { inspect } from "node:util"
import { SessionError, type SessionErrorCode } from "../../domain/errors.js"
import { sessionExtendStatus } from "../../infrastructure/redis/scripts/scripts.generated.js"
import { encodeRecord } from "../../infrastructure/services/session/record-json.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { RecordingRedis, SERVER_MICROS } from "../support/recording-redis.js"
import { type StoredSession, storedSession } from "../support/session-records.js"
import { figures } from "./figures.js"

/** Stands in every bad input that can hold text, and must stand in no error. */
export const MARKER = "Zq7marker"

export type Attributes = Record<string, unknown>

/** A service over the recording double that knows the server's time already, with one session stored. */
export interface Watched {
  readonly service: SessionService<Attributes>
  readonly redis: RecordingRedis
  readonly stored: StoredSession
}

export async function watched(): Promise<Watched> {
  const redis = new RecordingRedis()
  const stored = storedSession()
  redis.answer("session-extend", [sessionExtendStatus.MISSING, String(SERVER_MICROS)]).answer("get", encodeRecord(stored.record))
  const service = new SessionService<Attributes>(redis)
  await service.extendSession(storedSession().token)
  redis.forget()
  return { service, redis, stored }
}

/** What became of a call: a refusal that keeps the rules, an answer, or a breach of the rules in words. */
export type Outcome =
  | { readonly kind: "refused"; readonly code: SessionErrorCode }
  | { readonly kind: "answered"; readonly value: unknown }
  | { readonly kind: "breach"; readonly what: string }

/** Makes a call with bad input and judges what came of it. */
export async function outcomeOf(
  call: () => Promise<unknown>,
  codes: readonly SessionErrorCode[] = ["ERR_INVALID_ARGUMENT", "ERR_SESSION_TOO_LARGE"],
): Promise<Outcome> {
  const outcome = await judged(call, codes)
  figures.calls += 1
  if (outcome.kind === "refused") figures.refused += 1
  else if (outcome.kind === "breach") figures.crashes += 1
  else if (outcome.value === null || outcome.value === false) figures.absent += 1
  return outcome
}

async function judged(call: () => Promise<unknown>, codes: readonly SessionErrorCode[]): Promise<Outcome> {
  let outcome: Outcome
  try {
    outcome = { kind: "answered", value: await call() }
  } catch (error) {
    outcome = judge(error, codes)
  }
  if (Reflect.ownKeys(Object.prototype).length === OBJECT_PROTOTYPE_KEYS) return outcome
  figures.prototypePolluted += 1
  return { kind: "breach", what: "Object.prototype was changed" }
}

const OBJECT_PROTOTYPE_KEYS = Reflect.ownKeys(Object.prototype).length

function judge(error: unknown, codes: readonly SessionErrorCode[]): Outcome {
  if (!SessionError.is(error)) return { kind: "breach", what: `an error of another kind: ${error instanceof Error ? error.name : typeof error}` }
  if (holdsMarker(error)) return { kind: "breach", what: `the value stands in the error: ${error.message}` }
  if (!codes.includes(error.code)) return { kind: "breach", what: `${error.code}: ${error.message}` }
  return { kind: "refused", code: error.code }
}

/** Everything of an error that may be printed or sent somewhere. */
function holdsMarker(error: SessionError, marker: string = MARKER): boolean {
  const texts = [error.message, String(error), error.stack ?? "", JSON.stringify(error), inspect(error, { depth: 9, showHidden: true }), String(error.cause)]
  return texts.some((text) => text.includes(marker))
}

/** A short name of a bad value for the output of a test. */
export function nameOf(value: unknown): string {
  try {
    return inspect(value, { depth: 2, maxStringLength: 40, maxArrayLength: 3, breakLength: Number.POSITIVE_INFINITY })
  } catch {
    return "a value that cannot be shown"
  }
}
