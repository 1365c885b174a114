import { readSettings } from "./settings.js"
import { help } from "./start/help.js"
import { LogOutput } from "./start/log-output.js"
import { serve } from "./start/serve.js"
import { untilSignal } from "./start/shutdown.js"
import { explain, StartFailure } from "./start/start-failure.js"

// Before any file is made: the database's side files are made by SQLite, with whatever rights the mask leaves.
process.umask(0o077)
const logs = new LogOutput(2)

async function end(error: unknown): Promise<never> {
  const { line, exitCode } = explain(error)
  await logs.end()
  process.stderr.write(`${line}\n`)
  process.exit(exitCode)
}
process.on("uncaughtException", (error) => void end(error))
// Nothing but help and greeting goes there. Who reads no further (`--help | head`), or started the service and went away, wants nothing ended.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") void end(new StartFailure(`cannot write to standard output (${error.code}): make room where it goes, or send it elsewhere.`))
})

async function main(args: readonly string[]): Promise<void> {
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) {
    process.stdout.write(help())
    return
  }
  if (args.length > 0) throw new StartFailure("there are no arguments but --help: everything is set in the environment.")
  const stopped = untilSignal()
  // Until it listens there is nothing to finish, and the store may be long in answering.
  const service = await Promise.race([serve(readSettings(), logs), stopped.then(() => null)])
  await stopped
  await service?.stop()
  await logs.end()
  process.exit(0)
}

await main(process.argv.slice(2)).catch(end)
