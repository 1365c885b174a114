import { EventEmitter } from "node:events"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { IoRedisService } from "../../../../../infrastructure/redis/clients/IoRedisService.js"
import { recogniseClient } from "../../../../../infrastructure/redis/clients/topology.js"

/** A client of one server, or of a cluster, as ioredis makes them. */
class FakeClient extends EventEmitter {
  status = "ready"
  options: { readonly host: string; readonly port: number } | undefined

  call(): Promise<unknown> {
    return Promise.resolve("PONG")
  }

  duplicate(): FakeClient {
    return new FakeClient()
  }
}

class FakeCluster extends FakeClient {
  readonly isCluster = true
  readonly members: FakeClient[] = [new FakeClient(), new FakeClient()]

  nodes(): readonly FakeClient[] {
    return this.members
  }
}

const listenersOf = (emitter: EventEmitter): number => emitter.eventNames().reduce((count, event) => count + emitter.listenerCount(event), 0)

describe("over a cluster of ioredis", () => {
  let cluster: FakeCluster
  let service: IoRedisService

  beforeEach(() => {
    cluster = new FakeCluster()
    const recognised = recogniseClient(cluster)
    if (recognised.library !== "ioredis") throw new TypeError("taken for another client")
    service = new IoRedisService(recognised, { timeoutMs: 60 })
  })

  it("the lost connections of a node that joined count, until it leaves", () => {
    const node = new FakeClient()
    cluster.emit("+node", node)
    const before = service.resendMark()
    node.emit("close")
    const after = service.resendMark()
    expect(after).not.toBe(before)
    cluster.emit("-node", node)
    node.emit("close")
    expect(service.resendMark()).toBe(after)
  })

  it("a node that left has no listeners, whether it was there from the beginning or joined", () => {
    const joined = new FakeClient()
    cluster.emit("+node", joined)
    for (const node of [joined, ...cluster.members]) {
      expect(listenersOf(node)).toBeGreaterThan(0)
      cluster.emit("-node", node)
      expect(listenersOf(node)).toBe(0)
    }
  })

  it("a node that leaves keeps the listeners of another service on the same client until that is closed", async () => {
    const other = new IoRedisService(recogniseClient(cluster) as never, { timeoutMs: 60 })
    const [node] = cluster.members as [FakeClient]
    await service.close()
    expect(listenersOf(node)).toBeGreaterThan(0)
    const before = other.resendMark()
    node.emit("close")
    expect(other.resendMark()).not.toBe(before)
    await other.close()
    expect(listenersOf(node)).toBe(0)
  })

  it("nothing has listeners once the service is closed", async () => {
    const [left, joined] = [new FakeClient(), new FakeClient()]
    for (const node of [left, joined]) cluster.emit("+node", node)
    cluster.emit("-node", left)
    await service.close()
    cluster.emit("+node", new FakeClient())
    for (const emitter of [cluster, left, joined, ...cluster.members]) expect(listenersOf(emitter)).toBe(0)
  })

  describe("that gave up following its nodes", () => {
    const LOOP = "Too many Cluster redirections. Last error: ReplyError: MOVED 3300 10.0.0.1:7000"
    let [target, other]: FakeClient[] = []

    beforeEach(() => {
      ;[target, other] = cluster.members
      for (const [at, node] of cluster.members.entries()) node.options = { host: "10.0.0.1", port: 7_000 + at }
      Object.assign(cluster, { slots: Array.from({ length: 16_384 }, () => ["10.0.0.1:7000"]) })
      // Such a call is sent again for four fifths of its time.
      service = new IoRedisService(recogniseClient(cluster) as never, { timeoutMs: 500 })
    })

    // An open breaker goes on asking.
    afterEach(() => service.close())

    const fails = async (message: string, meanwhile: () => void): Promise<void> => {
      cluster.call = async () => {
        meanwhile()
        throw new Error(message)
      }
      await Promise.allSettled(Array.from({ length: 6 }, () => service.get("{b}")))
    }
    /** What one more call is refused with. */
    const refusal = (): Promise<string> => service.get("{b}").then(String, ({ message }: Error) => message)

    it.each([LOOP, LOOP.replace("MOVED", "ASK"), "Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN The cluster is down"])(
      "counts as silence of a node to which it has no connection: %s",
      async (message) => {
        await fails(message, () => {
          if (target) target.status = "end"
          target?.emit("close")
        })
        expect(await refusal()).toContain("has not answered several calls in a row")
      },
    )

    it("counts as silence of a node that left the client meanwhile", async () => {
      await fails(LOOP, () => {
        target?.emit("close")
        cluster.members.splice(0, 1)
        if (target) cluster.members.push(Object.assign(target, { status: "end" }))
      })
      expect(await refusal()).toContain("has not answered several calls in a row")
    })

    it("counts as an answer while no connection breaks, or only that to another node", async () => {
      // Behind a NAT, nodes name addresses that the client does not use.
      await fails(LOOP.replace("10.0.0.1", "192.168.0.1"), () => undefined)
      expect(await refusal()).toContain("The cluster is being changed")
      await fails(LOOP, () => other?.emit("close"))
      expect(await refusal()).toContain("The cluster is being changed")
    })
  })
})
