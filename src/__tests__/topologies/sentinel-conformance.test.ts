import { createClient } from "@redis/client"
import { afterAll, describe, it } from "vitest"
import { type ConformanceSetup, describeSessionService } from "../../exports/testing.js"
import { REDIS_TRAITS, storeUnderSuite } from "../support/redis-store.js"
import { startSentinels } from "../support/servers.js"

// Each service finds its primary by asking Sentinels, and its near-cache follows it there.

const start = async () => {
  const group = await startSentinels("redis")
  const places = group.sentinels.map(({ port }) => `127.0.0.1:${port}`)
  const raw = createClient({ url: group.primary.url })
  raw.on("error", () => undefined)
  await raw.connect()
  return { group, raw, url: `redis+sentinel://${places.join(",")}/${group.primaryName}` as const }
}
let starting: ReturnType<typeof start> | undefined
afterAll(async () => {
  const used = await starting
  used?.raw.destroy()
  await used?.group.stop()
})

const setup: ConformanceSetup = async (options) => {
  starting ??= start()
  const { raw, url } = await starting
  return storeUnderSuite({ store: url, send: (command, key, ...args) => raw.sendCommand([command, key, ...args]) }, options, true)
}

describeSessionService({ describe, it: it.concurrent }, "Sentinels of redis by URL, with a near-cache", setup, {
  ...REDIS_TRAITS,
  // Each service has connections to three Sentinels and two to the primary.
  timeUnitMs: 80,
})
