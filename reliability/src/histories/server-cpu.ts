import { processorSeconds } from "../servers/processor-time.js"

const MILLISECONDS = 1_000

/** What a server used of its processor between two replies to `INFO cpu`, in milliseconds. */
export function cpuBetween(before: string, after: string): number {
  return (processorSeconds(after) - processorSeconds(before)) * MILLISECONDS
}

/** What one command used. */
export interface CommandCpu {
  readonly ms: number
  readonly name: string
}

/** The dearest of them. @throws where there is none: then nothing was measured */
export function dearest(commands: readonly CommandCpu[]): CommandCpu {
  const [first, ...others] = commands
  if (first === undefined) throw new Error("Expected scripts to be measured, got none")
  return others.reduce((most, one) => (one.ms > most.ms ? one : most), first)
}
