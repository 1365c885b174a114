import { setTimeout as pause } from "node:timers/promises"
import { connectPlain } from "../../servers/plain-client.js"
import { waitUntil } from "../../servers/wait-until.js"
import { answerTold } from "../answer-told.js"
import type { FaultRow } from "../fault-row.js"
import { countAlive, signInMany } from "../many-sessions.js"
import { onOneServer, type Scene } from "../on-one-server.js"

const RUN_MS = 300
/** Of the server itself, for each key and each command that it loads. */
const DELAY_US = 100
/** Of the file, between two looks at its connections: a server that looks more rarely is hardly met while it loads. */
const LOOKS_EVERY_BYTES = 1_024
const REWRITTEN_WITHIN_MS = 20_000
const CONFIG = {
  appendonly: "yes",
  appendfsync: "always",
  "auto-aof-rewrite-percentage": 0,
  "key-load-delay": DELAY_US,
  "loading-process-events-interval-bytes": LOOKS_EVERY_BYTES,
}
/** As any outage that passes is told. */
const PASSING = /^(?:done|ERR_STORE_(?:UNAVAILABLE|TIMEOUT), (?:not-applied|unknown))$/

/** A server that is still reading its file answers nothing else: calls fail as in any outage that passes or wait until it has, and nobody is told to be signed out. */
export const SERVER_LOADING: FaultRow = {
  number: 22,
  name: "server loading a large file",
  topologies: ["one server"],
  async run(site) {
    const { client, signal, scale, times, note } = site
    return onOneServer(site, { config: CONFIG }, async (scene) => {
      const { server, load, ask } = scene
      const starts = times(5, 1)
      const why: string[] = []
      let [loadingMs, seen, met] = [0, 0, 0]
      await grow(scene, scale === "full" ? 15_000 : 4_000)
      const tokens = await signInMany(load.service, "loading", 50)
      for (let i = 1; i <= starts; i++) {
        note(`start ${i} of ${starts}`)
        await load.run(RUN_MS, signal)
        await server.kill()
        const began = performance.now()
        await server.startAgain()
        while (!signal.aborted) {
          const answer = await ask("PING").then(
            () => "answered",
            (error: Error) => error.message,
          )
          if (answer === "answered") break
          if (answer.startsWith("LOADING")) seen += 1
          const call = load.service.getSession(tokens[0], { touch: false })
          const told = await answerTold(call)
          if (!PASSING.test(told)) why.push(`Expected a server that is loading to be told as an outage that passes, got ${told}`)
          if (await call.then(() => false, isLoading)) met += 1
          await pause(20)
        }
        loadingMs = Math.max(loadingMs, performance.now() - began)
        await load.recovered()
        const alive = await countAlive(load.service, tokens)
        if (alive !== tokens.length) why.push(`Expected all ${tokens.length} sessions after loading, got ${alive}`)
      }
      if (seen === 0) why.push("Expected the server to answer LOADING for a while, got none")
      // ioredis asks by itself whether a server has loaded, and hands nothing over until it has.
      if (met === 0 && client === "node-redis") why.push("Expected calls to be answered LOADING, got none")
      return { tried: starts, figures: { "loading ms": Math.round(loadingMs), "LOADING seen": seen, "calls that met it": met }, why }
    })
  },
}

function isLoading(error: unknown): boolean {
  return error instanceof Error && error.message.includes("LOADING")
}

/** Gives the server much to load, as keys: of those it reads a few between two looks at its connections, and of commands a thousand. */
async function grow({ server, ask }: Scene, keys: number): Promise<void> {
  const client = await connectPlain(server.url)
  try {
    for (let i = 0; i < keys; i += 1_000)
      await Promise.all(Array.from({ length: 1_000 }, (_, at) => client.set(`filler:${i + at}`, String(i + at).padStart(100, "-"))))
  } finally {
    client.destroy()
  }
  await ask("BGREWRITEAOF")
  await waitUntil("the server to rewrite its file", REWRITTEN_WITHIN_MS, async () => {
    const info = String(await ask("INFO", "persistence"))
    return info.includes("aof_rewrite_in_progress:0") && info.includes("aof_rewrite_scheduled:0") && /aof_base_size:[1-9]/.test(info)
  })
}
