import { HttpProblem } from "./problem.js"

/** The entity tag of a session: its version. */
export function etagOf(version: number): string {
  return `"${version}"`
}

/**
 * Reads `If-Match`.
 *
 * @returns the version to insist on; `undefined` without the header or for `*`, which any session satisfies
 * @throws ERR_INVALID_ARGUMENT for anything but `*` and one ETag of ours: guessing would lose somebody's update
 */
export function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === "*") return undefined
  const version = /^"([1-9]\d{0,8})"$/.exec(ifMatch)?.[1]
  if (version === undefined) throw new HttpProblem("ERR_INVALID_ARGUMENT", 'Expected If-Match to be the ETag of a read, such as "3", or *.')
  return Number(version)
}
