import { Subject } from "../rounds/Subject.js"
import type { ClientName } from "../targets/targets.js"
import type { Board, Kind, SessionCase } from "./session-case.js"
import type { Library, SessionSettings } from "./session-settings.js"

export const CLIENTS: readonly ClientName[] = ["node-redis", "ioredis"]

/** The raw commands of a client, ours, and what stands beside it. */
export function librariesOn(client: ClientName): readonly Library[] {
  // It knows node-redis alone.
  return ["raw", "coatcheck", "plain design", ...(client === "node-redis" ? (["connect-redis"] as const) : [])]
}

/** What each of some libraries does, each in a process of its own. */
export type ToldRows = Subject<SessionCase>["rows"]

/** Starts a process for each. */
export async function startAll(settings: readonly SessionSettings[], signal: AbortSignal): Promise<AsyncDisposable & { readonly rows: readonly ToldRows[] }> {
  const subjects = await Subject.startAll<SessionCase>(
    settings.map((one) => ({ group: "sessions", settings: one })),
    signal,
  )
  return { rows: subjects.all.map(({ rows }) => rows), [Symbol.asyncDispose]: () => subjects[Symbol.asyncDispose]() }
}

/** The same with reads that never touch in the place of those that do, where there are such. */
export function withoutTouches({ read, restingRead = read, ...others }: ToldRows): ToldRows {
  return restingRead === undefined ? others : { ...others, read: restingRead }
}

/**
 * What all of them do of one kind, and the others of some kinds more, beside the first.
 *
 * @throws RangeError when the first does not do it
 */
export function boardOf([baseline, ...others]: readonly ToldRows[], [kind, ...more]: readonly [Kind, ...Kind[]], inFlight?: readonly number[]): Board {
  const first = baseline?.[kind]
  if (first === undefined) throw new RangeError(`Expected a baseline that has a row for ${kind}`)
  return { baseline: first, cases: others.flatMap((rows) => [kind, ...more].flatMap((one) => rows[one] ?? [])), inFlight }
}

/** Calls of all kinds, of those that do all. @param names of the others, by which their rows are told */
export function mixedBoardOf(all: readonly ToldRows[], baselineName: string, names: readonly string[]): Board {
  const { baseline, cases } = boardOf(all, ["mixed"])
  return { baseline: { ...baseline, name: baselineName }, cases: cases.map((one, at) => ({ ...one, name: `${names[at]}, mixed` })) }
}
