import { connectPlain } from "../servers/plain-client.js"
import type { ClockOffset } from "./limit-line.js"

const LOOKS = 5

/**
 * How far the clocks of servers are ahead of ours: each is asked for its time a few times, and lies somewhere within the shortest of these calls.
 *
 * @param now our clock, in microseconds
 */
export async function clockOffset(urls: readonly string[], now: () => number): Promise<ClockOffset> {
  const offsets: ClockOffset[] = []
  for (const url of urls) {
    const client = await connectPlain(url)
    try {
      const looks: ClockOffset[] = []
      for (let i = 0; i < LOOKS; i++) {
        const call = now()
        const [seconds, micros] = (await client.sendCommand(["TIME"])) as unknown as readonly string[]
        const time = Number(seconds) * 1_000_000 + Number(micros)
        // The server counts whole microseconds.
        looks.push({ least: time - now(), most: time + 1 - call })
      }
      offsets.push(looks.reduce((best, one) => (one.most - one.least < best.most - best.least ? one : best)))
    } finally {
      client.destroy()
    }
  }
  return eitherOffset(offsets)
}

/** What surely holds when each of these held at some time, or of some server. */
export function eitherOffset(offsets: readonly ClockOffset[]): ClockOffset {
  return { least: Math.min(...offsets.map(({ least }) => least)), most: Math.max(...offsets.map(({ most }) => most)) }
}
