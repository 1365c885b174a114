import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"

/** What the tests of bad input say that they tried. */
export interface BadInputFigures {
  /** Calls with values made by hand. */
  readonly curated: number
  /** Values made at random. */
  readonly fuzzed: number
  readonly refused: number
  readonly absent: number
  readonly roundTripped: number
  readonly crashes: number
  readonly commandsForRefused: number
  readonly prototypePolluted: number
}

type FileFigures = Omit<BadInputFigures, "curated"> & { readonly calls: number }

/** Adds up the files that the tests wrote, one a test file. @throws when there is none */
export async function readBadInput(folder: string): Promise<BadInputFigures> {
  const names = await readdir(folder)
  if (names.length === 0) throw new Error("Expected the tests of bad input to say what they tried, got nothing")
  const files = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as FileFigures))
  const sum = (of: (file: FileFigures) => number): number => files.reduce((total, file) => total + of(file), 0)
  return {
    curated: sum(({ calls, fuzzed }) => (fuzzed === 0 ? calls : 0)),
    fuzzed: sum(({ fuzzed }) => fuzzed),
    refused: sum(({ refused }) => refused),
    absent: sum(({ absent }) => absent),
    roundTripped: sum(({ roundTripped }) => roundTripped),
    crashes: sum(({ crashes }) => crashes),
    commandsForRefused: sum(({ commandsForRefused }) => commandsForRefused),
    prototypePolluted: sum(({ prototypePolluted }) => prototypePolluted),
  }
}
