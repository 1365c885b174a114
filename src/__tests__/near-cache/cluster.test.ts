import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { createSessionService, type OwnedSessionService, type SessionAttributes } from "../../exports/index.js"
import { askServer, SERVER_KINDS, startCluster, type TestCluster } from "../support/servers.js"
import { type RawClient, rawClient, sessionKeyOf } from "../support/services-under-watch.js"
import { addressOfCluster, openStore, STORE_CLIENTS, type StoreClient } from "../support/store-places.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"

type Service = OwnedSessionService<SessionAttributes, SessionAttributes>

const LEASE_MS = 300
/** A replica is promoted a second or two after its primary fell silent. */
const BACK_WITHIN_MS = 30_000

/** Whether an answer came without a turn of the event loop. */
async function isFromMemory(service: Service, token: string): Promise<boolean> {
  const later = Symbol("later")
  const first = await Promise.race([service.getSession(token, { touch: false }), Promise.resolve().then(() => Promise.resolve(later))])
  return first !== later
}

describe.each(SERVER_KINDS)("a cluster of %s", (kind) => {
  expectNoUnhandledRejections()
  let cluster: TestCluster
  let nodes: readonly RawClient[] = []
  let plain: Service
  beforeAll(async () => {
    cluster = await startCluster(kind, { replicas: true, args: ["--cluster-node-timeout", "1000"] })
    nodes = await Promise.all(cluster.urls.map((url) => rawClient(url)))
    plain = await createSessionService({ store: (await openStore("URL", addressOfCluster(cluster))).store, timeout: "5s" })
  })
  afterAll(async () => {
    for (const node of nodes) node.close()
    await plain?.close()
    await cluster?.stop()
  })

  async function opened(through: StoreClient) {
    const { store, end } = await openStore(through, addressOfCluster(cluster))
    const said: string[] = []
    const logger = { warn: ({ reason }: { readonly reason?: unknown }): void => void said.push(String(reason)) }
    const service: Service = await createSessionService({ store, timeout: "5s", nearCache: { lease: `${LEASE_MS}ms` }, logger })
    const close = async (): Promise<void> => {
      await service.close()
      await end()
    }
    return { service, said, close }
  }

  /** Sessions on every primary. */
  async function made(count = 30): Promise<readonly { readonly token: string; readonly session: { readonly sessionId: string } }[]> {
    return Promise.all(Array.from({ length: count }, (_, n) => plain.createSession({ userId: `user ${n}`, attributes: { n: 0 } })))
  }

  async function untilKept(service: Service, tokens: readonly string[], within = 10_000): Promise<void> {
    await vi.waitFor(
      async () => {
        await Promise.allSettled(tokens.map((token) => service.getSession(token, { touch: false })))
        for (const token of tokens) if (!(await isFromMemory(service, token))) throw new Error("Expected every session to be read from memory")
      },
      { timeout: within, interval: 20 },
    )
  }

  describe.each(STORE_CLIENTS)("through %s", (through) => {
    it("sessions of all primaries are read from memory, and none later than a lease after its end", async () => {
      const { service, close } = await opened(through)
      const tokens = (await made()).map(({ token }) => token)
      await untilKept(service, tokens)
      const running = { until: Number.POSITIVE_INFINITY, late: 0, found: 0 }
      const endedAt = new Map<string, number>()
      const reading = (async () => {
        while (performance.now() < running.until) {
          for (const token of tokens) {
            const isLate = performance.now() - (endedAt.get(token) ?? Number.POSITIVE_INFINITY) > LEASE_MS
            const session = await service.getSession(token, { touch: false })
            if (isLate) running.late += 1
            if (isLate && session !== null) running.found += 1
          }
          await pause(1)
        }
      })()
      for (const token of tokens) {
        await plain.deleteSession(token)
        endedAt.set(token, performance.now())
      }
      running.until = performance.now() + 2 * LEASE_MS
      await reading
      expect(running.late).toBeGreaterThan(tokens.length)
      expect(running.found).toBe(0)
      await close()
    })

    it("a session whose slot moved is read as its new node has it, and kept again", async () => {
      const { service, said, close } = await opened(through)
      const [one] = await made(1)
      const { token = "", session } = one ?? {}
      await untilKept(service, [token])
      said.length = 0
      await moveSlot(Number(await nodes[0]?.send("CLUSTER", "KEYSLOT", sessionKeyOf("", session?.sessionId ?? ""))))
      await plain.updateSession(token, { n: 1 })
      await vi.waitFor(async () => expect((await service.getSession(token, { touch: false }))?.attributes.n).toBe(1), { timeout: 5_000, interval: 10 })
      await untilKept(service, [token])
      await plain.updateSession(token, { n: 2 })
      await pause(LEASE_MS + 1)
      expect((await service.getSession(token, { touch: false }))?.attributes.n).toBe(2)
      await untilKept(service, [token])
      expect(said).toContain("slots-moved")
      await close()
    })
  })

  it("a primary that fails costs the sessions of the others nothing, and its own are kept again at its replica", async () => {
    const all = await Promise.all(STORE_CLIENTS.map((through) => opened(through)))
    const before = (await made()).map(({ token }) => token)
    for (const { service } of all) await untilKept(service, before)
    const [failing] = cluster.nodes
    await failing?.kill9()
    for (const { service } of all) {
      const kept = await Promise.all(before.map((token) => isFromMemory(service, token)))
      expect(kept.filter(Boolean).length).toBeGreaterThan(0)
    }
    await vi.waitFor(
      async () => {
        for (const { port } of cluster.nodes.slice(1)) expect(await askServer(port, "CLUSTER INFO")).toContain("cluster_state:ok")
        await plain.createSession({ userId: "after" })
      },
      { timeout: BACK_WITHIN_MS, interval: 100 },
    )
    // The replica may lack the last of what its primary had.
    const after = (await vi.waitFor(() => made(), { timeout: BACK_WITHIN_MS, interval: 100 })).map(({ token }) => token)
    for (const { service } of all) await untilKept(service, after, BACK_WITHIN_MS)
    await Promise.all(after.map((token) => plain.deleteSession(token)))
    await pause(LEASE_MS + 1)
    for (const { service } of all) for (const token of after) expect(await service.getSession(token)).toBeNull()
    for (const { close } of all) await close()
  }, 120_000)

  /** As redis-cli does. */
  async function moveSlot(slot: number): Promise<void> {
    const ids = (await Promise.all(nodes.map((node) => node.send("CLUSTER", "MYID")))).map(String)
    const counts = await Promise.all(nodes.map(async (node) => Number(await node.send("CLUSTER", "COUNTKEYSINSLOT", slot))))
    const from = counts.findIndex((count) => count > 0)
    const to = (from + 1) % nodes.length
    const [source, target] = [nodes[from] as RawClient, nodes[to] as RawClient]
    await target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from] ?? "")
    await source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to] ?? "")
    const keys = ((await source.send("CLUSTER", "GETKEYSINSLOT", slot, 1_000)) as unknown[]).map(String)
    await source.send("MIGRATE", "127.0.0.1", cluster.ports[to] ?? 0, "", 0, 5_000, "KEYS", ...keys)
    for (const node of [target, source, ...nodes.filter((each) => each !== source && each !== target)])
      await node.send("CLUSTER", "SETSLOT", slot, "NODE", ids[to] ?? "")
  }
})
