import { setTimeout as pause } from "node:timers/promises"
import { connectPlain } from "../../servers/plain-client.js"
import type { FaultRow } from "../fault-row.js"
import { countAlive, signInMany } from "../many-sessions.js"
import { onOneServer } from "../on-one-server.js"

const RUN_MS = 300
/** Of the server itself, for each command that it loads. */
const DELAY_US = 100

/** A server that is still reading its file answers nothing else: calls fail or wait until it has, and nobody is told to be signed out. */
export const SERVER_LOADING: FaultRow = {
  number: 22,
  name: "server loading a large file",
  topologies: ["one server"],
  async run(site) {
    const { signal, scale, times, note } = site
    const config = { appendonly: "yes", appendfsync: "always", "auto-aof-rewrite-percentage": 0, "key-load-delay": DELAY_US, "aof-use-rdb-preamble": "no" }
    return onOneServer(site, { config }, async ({ server, load, ask }) => {
      const starts = times(5, 1)
      const why: string[] = []
      let [loadingMs, told] = [0, 0]
      await grow(server.url, scale === "full" ? 15_000 : 4_000)
      const tokens = await signInMany(load.service, "loading", 50)
      for (let i = 1; i <= starts; i++) {
        note(`start ${i} of ${starts}`)
        await load.run(RUN_MS, signal)
        await server.kill()
        const began = performance.now()
        await server.startAgain()
        while (!signal.aborted) {
          const answer = await ask("LLEN", "filler").then(
            () => "answered",
            (error: Error) => error.message,
          )
          if (answer === "answered") break
          if (answer.startsWith("LOADING")) told += 1
          await pause(20)
        }
        loadingMs = Math.max(loadingMs, performance.now() - began)
        await load.recovered()
        const alive = await countAlive(load.service, tokens)
        if (alive !== tokens.length) why.push(`Expected all ${tokens.length} sessions after loading, got ${alive}`)
      }
      if (told === 0) why.push("Expected the server to answer LOADING for a while, got none")
      return { tried: starts, figures: { "loading ms": Math.round(loadingMs), "LOADING seen": told }, why }
    })
  },
}

async function grow(url: string, commands: number): Promise<void> {
  const client = await connectPlain(url)
  try {
    for (let i = 0; i < commands; i += 1_000) await Promise.all(Array.from({ length: 1_000 }, (_, at) => client.rPush("filler", String(i + at))))
  } finally {
    client.destroy()
  }
}
