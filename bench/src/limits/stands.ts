import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createRateLimitingService, type OwnedRateLimitingService } from "coatcheck/rate-limit"
import { Redis } from "ioredis"
import type { SendCommandFn } from "rate-limit-redis"
import { createClient } from "redis"
import type { Contender } from "../rounds/beside-baseline.js"
import { type Keys, keyAt } from "./keys.js"
import type { LimitCase } from "./limit-case.js"
import { knownOn, oursOn, rulesFor } from "./ours.js"
import { expressStoreOn, flexibleInMemory, flexibleOn } from "./peers.js"

/** The stand whose decisions no server makes. */
export const HERE = "without a server"

/** A busy machine should make figures worse, not end the run. */
const PATIENCE = "30s"

/** What is measured side by side: the raw command of one client, and what counts over that client, or in this process. */
export interface Stand {
  readonly baseline: Contender
  readonly cases: readonly LimitCase[]
  close(): Promise<void>
}

export const STANDS: Readonly<Record<string, (url: string, keys: Keys) => Promise<Stand>>> = {
  "node-redis": async (url, keys) => {
    const client = await connectNodeRedis(url)
    const services = await threeTimes(() => createRateLimitingService({ store: client, rules: rulesFor(keys), timeout: PATIENCE }))
    const cases = [
      ...oursOn(services[0], keys, { client: "node-redis" }),
      ...knownOn([services[1], services[2]], keys, "node-redis"),
      ...flexibleOn({ storeClient: client, useRedisPackage: true }, keys),
      expressStoreOn((...command) => client.sendCommand(command), keys),
    ]
    const close = async () => {
      await closeAll(services)
      client.destroy()
    }
    return { baseline: increment("raw INCR", (key) => client.incr(key), keys), cases, close }
  },
  ioredis: async (url, keys) => {
    const client = new Redis(url)
    const services = await threeTimes(() => createRateLimitingService({ store: client, rules: rulesFor(keys), timeout: PATIENCE }))
    const sendCommand = ((name: string, ...rest: string[]) => client.call(name, ...rest)) as SendCommandFn
    const cases = [
      ...oursOn(services[0], keys, { client: "ioredis" }),
      ...knownOn([services[1], services[2]], keys, "ioredis"),
      ...flexibleOn({ storeClient: client }, keys),
      expressStoreOn(sendCommand, keys),
    ]
    const close = async () => {
      await closeAll(services)
      client.disconnect()
    }
    return { baseline: increment("raw INCR", (key) => client.incr(key), keys), cases, close }
  },
  [HERE]: async (url, keys) => {
    const client = await connectNodeRedis(url)
    const folder = await mkdtemp(join(tmpdir(), "coatcheck-bench-"))
    const rules = rulesFor(keys)
    const memory = await createRateLimitingService({ store: "memory:", rules })
    const sqlite = await createRateLimitingService({ store: `sqlite:${join(folder, "limits.db")}`, rules })
    const named = (where: string, cases: readonly LimitCase[]) => cases.map((one) => ({ ...one, name: `${where}: ${one.name}` }))
    const cases = [...named("memory", oursOn(memory, keys)), ...named("SQLite", oursOn(sqlite, keys)), ...named("memory", flexibleInMemory(keys))]
    const close = async () => {
      await closeAll([memory, sqlite])
      client.destroy()
      await rm(folder, { recursive: true, force: true })
    }
    return { baseline: increment("raw INCR, by node-redis", (key) => client.incr(key), keys), cases, close }
  },
}

async function threeTimes<T>(open: () => Promise<T>): Promise<readonly [T, T, T]> {
  return [await open(), await open(), await open()]
}

async function closeAll(services: readonly OwnedRateLimitingService[]): Promise<void> {
  await Promise.all(services.map((service) => service.close()))
}

function increment(name: string, call: (key: string) => Promise<number>, keys: Keys): Contender {
  return { name, work: { call: (at) => call(`raw:${keyAt(keys, at)}`) } }
}

async function connectNodeRedis(url: string) {
  const client = createClient({ url })
  // What breaks shows in the call that waits for it.
  client.on("error", () => undefined)
  return client.connect()
}
