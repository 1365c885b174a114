import type { Acknowledged } from "./doomed-messages.js"

/** The last that was acknowledged of each session; version 0: it is ended. */
export function lastOfEach(acknowledged: readonly Acknowledged[]): ReadonlyMap<string, number> {
  return new Map(acknowledged.map(({ token, version }) => [token, version]))
}

/**
 * After how many of the acknowledged changes a store stood as it was found.
 *
 * @param found the version of each session; 0: there is none
 * @returns the longest such beginning; `undefined` when there is none, so that something is missing in the middle
 */
export function prefixFound(acknowledged: readonly Acknowledged[], found: ReadonlyMap<string, number>): number | undefined {
  const state = new Map<string, number>()
  const differs = (token: string): boolean => (state.get(token) ?? 0) !== (found.get(token) ?? 0)
  let different = [...found.values()].filter((version) => version !== 0).length
  let longest = different === 0 ? 0 : undefined
  for (const [at, { token, version }] of acknowledged.entries()) {
    different -= Number(differs(token))
    state.set(token, version)
    different += Number(differs(token))
    if (different === 0) longest = at + 1
  }
  return longest
}
