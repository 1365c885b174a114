import type { StoreNode } from "./store-url.js"

/** What a Sentinel says of the primary. */
export interface PrimaryView extends StoreNode {
  /** Grows with each failover. */
  readonly epoch: number
  readonly otherSentinels: readonly StoreNode[]
}

/** Reads what `SENTINEL MASTER` answers. @throws TypeError where it names no server */
export function primaryViewOf(reply: unknown, otherSentinels: readonly StoreNode[]): PrimaryView {
  const fields = fieldsOf(reply)
  const node = nodeOf(fields)
  if (node === undefined) throw new TypeError("the Sentinel names no primary")
  return { ...node, epoch: Number(fields.get("config-epoch")) || 0, otherSentinels }
}

/** Reads what `SENTINEL SENTINELS` answers: those that were not lost. */
export function sentinelsNamedIn(reply: unknown): readonly StoreNode[] {
  if (!Array.isArray(reply)) return []
  const heard = reply.map(fieldsOf).filter((fields) => !/s_down|disconnected/.test(fields.get("flags") ?? ""))
  return heard.map(nodeOf).filter((node) => node !== undefined)
}

// A map over RESP3, names and values in turn over RESP2.
function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  if (Array.isArray(reply)) {
    const fields = new Map<string, string>()
    for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), String(reply[i + 1]))
    return fields
  }
  return new Map(Object.entries(reply ?? {}).map(([name, value]) => [name, String(value)]))
}

function nodeOf(fields: ReadonlyMap<string, string>): StoreNode | undefined {
  const host = fields.get("ip")
  const port = Number(fields.get("port"))
  return host && Number.isInteger(port) && port > 0 ? { host, port } : undefined
}
