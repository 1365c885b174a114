import { parseArgs } from "node:util"
import { DEFECTS, type Defect } from "./workloads/defects.js"

export interface CommandLine {
  readonly help: boolean
  readonly seed: number
  readonly operations: number
  readonly json: string | undefined
  readonly defect: Defect | undefined
}

export const HELP = `Usage: npm run reliability -- [options]

Starts Redis and Valkey, has four processes call the library on them, checks every answer, and prints one table.

  --quick            about a minute instead of about seven
  --operations N     how many calls to check in all, instead of 1 000 000
  --seed N           which calls to make; printed with every result, random without it
  --json FILE        writes the result as JSON, too
  --defect NAME      builds a mistake into the service, to see it found:
                     ${DEFECTS.join(", ")}
  --help             this text

Exit code: 0 every answer is explained, 1 something is not or was not decided, 2 it could not run, 130 cancelled with Ctrl-C.
`

const ALL_OPERATIONS = 1_000_000
const QUICK_OPERATIONS = 150_000
const SEEDS = 2 ** 31

/** Reads the command line. @throws TypeError or RangeError with a message for whoever typed it */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      operations: { type: "string" },
      seed: { type: "string" },
      json: { type: "string" },
      defect: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  const { quick, operations, seed, json, defect, help } = values
  return {
    help,
    json,
    operations: operations === undefined ? (quick ? QUICK_OPERATIONS : ALL_OPERATIONS) : wholeNumber("--operations", operations, 1, 100_000_000),
    seed: seed === undefined ? Math.floor(Math.random() * SEEDS) : wholeNumber("--seed", seed, 0, SEEDS - 1),
    defect: defect === undefined ? undefined : knownDefect(defect),
  }
}

function wholeNumber(name: string, text: string, lowest: number, highest: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < lowest || number > highest)
    throw new RangeError(`Expected ${name} to be a whole number from ${lowest} to ${highest}, got "${text}"`)
  return number
}

function knownDefect(name: string): Defect {
  const defect = DEFECTS.find((known) => known === name)
  if (defect === undefined) throw new RangeError(`Expected --defect to be one of ${DEFECTS.join(", ")}, got "${name}"`)
  return defect
}
