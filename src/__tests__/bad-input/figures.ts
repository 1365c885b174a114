import { randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll } from "vitest"

/** What the tests of this file tried; a folder in COATCHECK_BAD_INPUT_FIGURES gets it as a file when they are done. */
export const figures = {
  /** Calls with bad input that were judged. */
  calls: 0,
  /** Values that were made at random; 0 in a file of values made by hand. */
  fuzzed: 0,
  refused: 0,
  /** Answered as if nothing were there, as a malformed token is. */
  absent: 0,
  roundTripped: 0,
  /** Whatever was neither refused by the rules nor answered. */
  crashes: 0,
  commandsForRefused: 0,
  prototypePolluted: 0,
}

/** The commands that a refusal let through; none, if all is well. `reads`: what has to be asked before it can be known. */
export function sentBy(redis: { readonly names: readonly string[] }, reads: readonly string[] = []): readonly string[] {
  const sent = redis.names.filter((name) => !reads.includes(name))
  figures.commandsForRefused += sent.length
  return sent
}

afterAll(() => {
  const folder = process.env.COATCHECK_BAD_INPUT_FIGURES
  if (folder !== undefined) writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(figures))
})
