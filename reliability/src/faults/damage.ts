import type { PlainClient } from "../servers/plain-client.js"
import type { Random } from "../workloads/random.js"

export const DAMAGES = ["cut off", "one bit changed", "other type", "other text"] as const
export type Damage = (typeof DAMAGES)[number]

/** Damages what is stored under a key. Its time to live stays, where there is still a text. */
export async function damage(client: PlainClient, key: string, kind: Damage, random: Random): Promise<void> {
  const text = await client.get(key)
  if (text === null) throw new Error("Expected a record to damage")
  switch (kind) {
    case "cut off":
      return keep(client, key, text.slice(0, random(text.length)))
    case "one bit changed":
      return keep(client, key, changeBit(text, random))
    case "other text":
      return keep(client, key, ["", "null", "{}", "[]", "0", "\0".repeat(200), text + text, `${text} `][random(8)] ?? "")
    case "other type":
      await client.del(key)
      await (random(2) === 0 ? client.rPush(key, text) : client.hSet(key, "attributes", text))
  }
}

async function keep(client: PlainClient, key: string, text: string): Promise<void> {
  await client.set(key, text, { expiration: "KEEPTTL" })
}

/** Records are ASCII, so one of the lower seven bits. */
function changeBit(text: string, random: Random): string {
  const at = random(text.length)
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << random(7))) + text.slice(at + 1)
}
