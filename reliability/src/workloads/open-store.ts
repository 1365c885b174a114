import type { RedisClientLike } from "coatcheck"
import { Cluster, Redis } from "ioredis"
import type { ClientName } from "./store-clients.js"

/** A store as an application names it, and how to be done with it. */
export interface OpenStore {
  readonly store: string | RedisClientLike
  close(): Promise<void>
}

interface Node {
  readonly host: string
  readonly port: number
}

const FORM = /^redis(?<form>\+cluster|\+sentinel)?:\/\/(?<nodes>[^/]+)(?:\/(?<name>[^/]+))?$/

/**
 * What a service is given as its store, so that lost connections are made again: with node-redis the URL itself, which the library makes a client
 * of its own from; with ioredis a client with the settings that ioredis has by default.
 */
export async function openStore(name: ClientName, url: string): Promise<OpenStore> {
  if (name === "node-redis") return { store: url, close: async () => undefined }
  const client = await connectIoRedis(url)
  return { store: client, close: async () => client.disconnect() }
}

export async function connectIoRedis(url: string): Promise<Redis | Cluster> {
  const { form, name = "" } = FORM.exec(url)?.groups ?? {}
  const client = makeIoRedis(form, nodesOf(url), name)
  client.on("error", () => undefined)
  await client.connect()
  return client
}

function makeIoRedis(form: string | undefined, places: Node[], name: string): Redis | Cluster {
  switch (form) {
    case "+cluster":
      return new Cluster(places, { lazyConnect: true })
    case "+sentinel":
      // Without the detector ioredis stays with a primary that hangs, as long as it hangs.
      return new Redis({ sentinels: places, name, lazyConnect: true, failoverDetector: true })
    default:
      return new Redis({ host: places[0]?.host ?? "", port: places[0]?.port ?? 0, lazyConnect: true })
  }
}

/** The servers that a store's URL names. */
export function nodesOf(url: string): Node[] {
  return (FORM.exec(url)?.groups?.nodes ?? "").split(",").map(placeOf)
}

function placeOf(place: string): Node {
  const [host = "", port = ""] = place.split(":")
  return { host, port: Number(port) }
}
