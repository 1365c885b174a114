import { setTimeout as pause, setImmediate as turn } from "node:timers/promises"
import type { SessionEvent, SessionToken } from "coatcheck"
import { Gate } from "coatcheck-reliability/gate"
import type { StoreServer } from "coatcheck-reliability/servers"
import type { GroupSettings } from "../group.js"
import { openRaw } from "../sessions/open-raw.js"
import { openOn, type Sessions, serviceOn } from "../sessions/stored.js"
import type { ClientName } from "../targets/targets.js"

/** Longer than a lease: a read that has to ask a store that is cut off fails. */
const PATIENCE = "3s"

/** How long sessions were still served after they were ended elsewhere, in milliseconds: the shortest first. */
export interface Staleness {
  readonly connected: readonly number[]
  /** With the network cut before the session was ended. */
  readonly cut: readonly number[]
}

/** Ends sessions that a near-cache holds, over another connection, and reads them until they are gone. */
export async function measureStaleness(client: ClientName, server: StoreServer, { quick, signal, onProgress }: GroupSettings): Promise<Staleness> {
  await using gate = await Gate.listen()
  gate.leadTo(server.port)
  const [near, far] = [await openRaw(client, `redis://127.0.0.1:${gate.port}`), await openRaw("node-redis", server.url)]
  let isServing = false
  const onEvent = (event: SessionEvent): void => {
    if (event.type === "near-cache") isServing = event.serving
  }
  const [reader, ender] = [await serviceOn(near.client, { nearCache: true, timeout: PATIENCE, onEvent }), await serviceOn(far.client)]
  const serving = async (): Promise<void> => {
    while (!isServing) await pause(10, undefined, { signal })
  }
  const times = async (count: number, one: () => Promise<number>): Promise<readonly number[]> => {
    const all: number[] = []
    for (let at = 1; at <= count; at++) {
      signal.throwIfAborted()
      // Otherwise each read would ask the store, and nothing could be stale.
      await serving()
      onProgress(`revocation ${at} of ${count}`)
      all.push(await one())
    }
    return all.toSorted((one, other) => one - other)
  }
  try {
    const connected = await times(quick ? 20 : 300, async () => servedAfter(reader, await keptIn(reader, ender), (token) => ender.deleteSession(token)))
    const cut = await times(quick ? 1 : 5, async () => {
      const token = await keptIn(reader, ender)
      gate.shut()
      try {
        return await servedAfter(reader, token, () => ender.deleteSession(token))
      } finally {
        gate.open()
      }
    })
    return { connected, cut }
  } finally {
    await Promise.allSettled([reader.close(), ender.close()])
    near.close()
    far.close()
  }
}

/** A session that the reader has read more than once. */
async function keptIn(reader: Sessions, ender: Sessions): Promise<SessionToken> {
  const token = await openOn(ender, 0)
  for (let read = 0; read < 3; read++) {
    if ((await reader.getSession(token)) === null) throw new Error("Expected a session that was just made to be read")
    await turn()
  }
  return token
}

/** Reads until the session is gone or the store cannot be asked. */
async function servedAfter(reader: Sessions, token: SessionToken, end: (token: SessionToken) => Promise<unknown>): Promise<number> {
  await end(token)
  const ended = performance.now()
  let last = 0
  while ((await reader.getSession(token).catch(() => null)) !== null) {
    last = performance.now() - ended
    await turn()
  }
  return last
}
