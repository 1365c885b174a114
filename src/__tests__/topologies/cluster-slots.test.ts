import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { keySlot } from "../../infrastructure/redis/clients/key-slot.js"
import { SessionKeys } from "../../infrastructure/redis/session-keys.js"
import { newSessionId, userKey } from "../../infrastructure/services/session/randomness.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { type RawClient, rawClient } from "../support/services-under-watch.js"

const USERS = 100_000
const ASKED = 1_000

const CRC16 = Uint16Array.from({ length: 256 }, (_unused, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  return crc
})

/** The slot of a key, by the rule of Redis Cluster. */
function slotOf(key: string): number {
  const open = key.indexOf("{")
  const close = key.indexOf("}", open + 1)
  const hashed = open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) crc = ((crc << 8) & 0xffff) ^ (CRC16[((crc >> 8) ^ byte) & 0xff] ?? 0)
  return crc % 16_384
}

/** The keys that the scripts of one user take together: the list, and records. */
function keysOf(prefix: string, userId: string): readonly [string, string, string] {
  const keys = new SessionKeys(prefix)
  const place = userKey(userId)
  const session = (): string => keys.session({ tag: place.tag, id: newSessionId() })
  return [keys.index(place), session(), session()]
}

it(`the keys of each of ${USERS} users lie in one slot, and users lie in all slots`, () => {
  const seen = new Set<number>()
  const apart: string[] = []
  for (let n = 0; n < USERS; n++) {
    const userId = n % 2 === 0 ? `user-${n}` : `{${n}}${String.fromCodePoint(0x1f600 + (n % 80))} }{`
    const [index, first, second] = keysOf(n % 3 === 0 ? "" : "app:", userId)
    const slot = slotOf(index)
    if (slotOf(first) !== slot || slotOf(second) !== slot) apart.push(userId)
    seen.add(slot)
  }
  expect(apart).toEqual([])
  // 65 536 tags fall into 16 384 slots.
  expect(seen.size).toBeGreaterThan(15_500)
})

describe.each(SERVER_KINDS)("%s", (kind) => {
  let server: TestServer
  let client: RawClient
  beforeAll(async () => {
    server = await startServer({ kind, args: ["--cluster-enabled", "yes"] })
    client = await rawClient(server.url)
  })
  afterAll(async () => {
    client.close()
    await server.stop()
  })

  it(`computes the same slots for the keys of ${ASKED} users`, async () => {
    const keys = Array.from({ length: ASKED }, (_unused, n) => keysOf("app:", `asked {${n}`)).flat()
    const slots = await Promise.all(keys.map((key) => client.send("CLUSTER", "KEYSLOT", key)))
    expect(slots).toEqual(keys.map(slotOf))
    const odd = ["", "plain", "{}", "{}x", "a{b", "a}b{c}d", "{é😀}", "x{{y}}z", "a{}{b}"]
    for (const key of [...keys, ...odd]) expect(keySlot(key)).toBe(await client.send("CLUSTER", "KEYSLOT", key))
    for (let n = 0; n < slots.length; n += 3) expect(new Set(slots.slice(n, n + 3)).size).toBe(1)
  })
})
