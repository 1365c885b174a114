import { StoreServer } from "coatcheck-reliability/servers"
import { Redis } from "ioredis"
import { expect, it } from "vitest"
import { ServerMeter } from "../server/ServerMeter.js"
import { longestOf, SlowLog } from "../server/SlowLog.js"

const EVERYTHING = 0

it("a slow log holds what was called since it began, and nothing that whoever measures asks", async () => {
  await using server = await StoreServer.start("redis")
  await using meter = new ServerMeter(server.url)
  const client = new Redis(server.url)
  const log = new SlowLog(server.url, EVERYTHING)
  try {
    await client.ping()
    for (let round = 1; round <= 2; round++) {
      await log.begin()
      await meter.during(() => client.echo(`round ${round}`))
      await client.dbsize()
      const commands = await log.end()
      expect(commands.map(({ name }) => name)).toEqual(["echo"])
      expect(longestOf(commands)).toBe(commands[0]?.ms)
    }
  } finally {
    client.disconnect()
    log.close()
  }
})
