// A process that simulates seeds, one task a message, and ends with its parent.
import { optionsOf } from "./seed-options.js"
import { simulateSeed } from "./simulate-seed.js"
import { addResult, EMPTY_TALLY, type SimulationTask, type Tally } from "./tally.js"

async function perform({ seeds, operations, mistake }: SimulationTask): Promise<Tally> {
  let tally = EMPTY_TALLY
  for (const seed of seeds) {
    const options = optionsOf(seed, operations)
    tally = addResult(tally, options, await simulateSeed(options, mistake))
  }
  return tally
}

process.on("message", (task: SimulationTask) => {
  perform(task).then(
    (tally) => process.send?.({ tally }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : "no error object" }),
  )
})
process.on("disconnect", () => process.exit(0))
// Ctrl-C reaches every process of the terminal; the parent decides.
process.on("SIGINT", () => undefined)
