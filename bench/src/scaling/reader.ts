// One process of an application, which reads sessions: node reader.js STORE-URL. Stores sessions of its own, says that it is ready, and reads for as long as it is told.
import { Running } from "../rounds/slice.js"
import { entryAt, shuffled } from "../sessions/order.js"
import { fillSessions, serviceOn } from "../sessions/stored.js"

/** What a reader is told. */
export interface ReadFor {
  readonly inFlight: number
  readonly ms: number
}

/** What it answers. */
export interface HasRead {
  readonly count: number
  readonly rate: number
  /** Processor time for each read, in microseconds. */
  readonly cpu: number
}

const [url = "", sessions = ""] = process.argv.slice(2)
const count = Number(sessions)
const service = await serviceOn(url)
const tokens = await fillSessions(service, count, {})
const order = shuffled(count)
const reading = new Running({ call: (at) => service.getSession(entryAt(tokens, order, at)), isRight: (session) => session !== null })

// What fails ends this process, which its parent sees.
process.on("message", (asked: ReadFor) => void read(asked))
// Ends with the program that measures.
process.on("disconnect", () => process.exit())
process.send?.("ready")

async function read(asked: ReadFor): Promise<void> {
  const { count: reads, rate, cpu } = await reading.slice(asked)
  process.send?.({ count: reads, rate, cpu } satisfies HasRead)
}
