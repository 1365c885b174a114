import { StoreServer } from "coatcheck-reliability/servers"
import { RedisStore } from "connect-redis"
import type { GroupSettings } from "../group.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { measureBoards, type SliceSize } from "./measured-boards.js"
import { shuffled } from "./order.js"
import { PAYLOAD_BYTES, type Payload, userName } from "./payload.js"
import { rawCommands } from "./raw-boards.js"
import { openNodeRedis, type RawClient } from "./raw-clients.js"
import type { SessionCase } from "./session-case.js"
import type { MeasuredBoard } from "./session-table.js"
import { fillKeys, fillStore } from "./stored.js"

type NodeRedis = Awaited<ReturnType<typeof openNodeRedis>>
interface Walk {
  readonly walk: SessionCase
  readonly keys: readonly string[]
}

/** Fills a server and says how one user's sessions are found there. */
const WALKS: readonly ((raw: NodeRedis, count: number, settings: GroupSettings) => Promise<Walk>)[] = [
  async (raw, count, { signal }) => ({
    keys: await fillKeys(raw, count, { signal }),
    walk: { name: "plain design, one user's sessions by SCAN", work: { call: (at) => scanFor(raw, userName(at % (count / 2))) } },
  }),
  async (raw, count, { signal }) => {
    const store = new RedisStore({ client: raw.client })
    const ids = await fillStore(store, count, { signal })
    const call = async (at: number) => {
      const sessions: readonly { readonly userId: string }[] = await store.all()
      return sessions.filter(({ userId }) => userId === userName(at % (count / 2)))
    }
    return { keys: ids.map((id) => `sess:${id}`), walk: { name: "connect-redis, one user's sessions by all()", work: { call, isRight: hasSome } } }
  },
]

/** Finds one user's sessions without a list of them, in a server that holds nothing else: a walk over all keys, so long that one at a time is enough. */
export async function measureWalks(count: number, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  const measured: MeasuredBoard[] = []
  for (const fill of WALKS) {
    await using server = await StoreServer.start("redis")
    await using meter = new ServerMeter(server.url)
    const raw = await openNodeRedis(server.url)
    try {
      settings.onProgress("filling a server to be walked through")
      const { walk, keys } = await fill(raw, count, settings)
      const stored = { tokens: [], keys, ids: [] }
      const { mget } = rawCommands({ raw, stored, order: shuffled(count), ms: settings.ms, bytes: PAYLOAD_BYTES })
      measured.push(...(await measureBoards([{ baseline: mget, cases: [walk], inFlight: [1] }], meter, settings)))
    } finally {
      raw.close()
    }
  }
  return measured
}

async function scanFor(raw: RawClient, user: string): Promise<readonly Payload[]> {
  const found: Payload[] = []
  let cursor = "0"
  do {
    const page = await raw.scan(cursor, "plain:*")
    cursor = page.cursor
    const values = page.keys.length === 0 ? [] : await raw.mget(page.keys)
    const sessions = values.flatMap((json) => (json === null ? [] : [JSON.parse(json) as Payload]))
    found.push(...sessions.filter(({ userId }) => userId === user))
  } while (cursor !== "0")
  return found
}

function hasSome(sessions: readonly unknown[]): boolean {
  return sessions.length > 0
}
