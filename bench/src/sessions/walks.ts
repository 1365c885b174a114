import { StoreServer } from "coatcheck-reliability/servers"
import { RedisStore } from "connect-redis"
import type { GroupSettings } from "../group.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { startAll } from "./boards.js"
import { measureBoards, type SliceSize } from "./measured-boards.js"
import { type NodeRedis, openNodeRedis } from "./node-redis.js"
import type { Board } from "./session-case.js"
import type { Library, SessionSettings } from "./session-settings.js"
import type { MeasuredBoard } from "./session-table.js"
import { fillKeys, fillStore } from "./stored.js"

/** Fills a server. @returns the keys of what it holds */
const FORMS: readonly (readonly [Library, (raw: NodeRedis, count: number, signal: AbortSignal) => Promise<readonly string[]>])[] = [
  ["plain design", (raw, count, signal) => fillKeys(raw, count, { signal })],
  ["connect-redis", async (raw, count, signal) => (await fillStore(new RedisStore({ client: raw.client }), count, { signal })).map((id) => `sess:${id}`)],
]

/** Finds one user's sessions, and ends them, without a list of them, in a server that holds nothing else: a walk over all keys, so long that one at a time is enough. */
export async function measureWalks(
  { count, bytes, ms }: Pick<SessionSettings, "count" | "bytes" | "ms">,
  settings: GroupSettings & SliceSize,
): Promise<readonly MeasuredBoard[]> {
  const measured: MeasuredBoard[] = []
  for (const [library, fill] of FORMS) {
    await using server = await StoreServer.start("redis")
    await using meter = new ServerMeter(server.url)
    settings.onProgress("filling a server to be walked through")
    const raw = await openNodeRedis(server.url)
    const keys = await fill(raw, count, settings.signal).finally(() => raw.close())
    const bare: SessionSettings = { library: "raw", client: "node-redis", url: server.url, names: keys, count, bytes, ms }
    // What is laid ready to be removed lies where no walk comes by.
    const aside: SessionSettings = { ...bare, url: `${server.url}/1` }
    await using subjects = await startAll([bare, aside, { ...bare, library }], settings.signal)
    const [{ list } = {}, { endAll } = {}, { find, findAndEnd } = {}] = subjects.rows
    if (list === undefined || endAll === undefined || find === undefined) throw new RangeError(`Expected ${library} to find a user's sessions`)
    const boards: readonly Board[] = [
      { baseline: list, cases: [find], inFlight: [1] },
      ...(findAndEnd === undefined ? [] : [{ baseline: endAll, cases: [findAndEnd], inFlight: [1] }]),
    ]
    measured.push(...(await measureBoards(boards, meter, settings)))
  }
  return measured
}
