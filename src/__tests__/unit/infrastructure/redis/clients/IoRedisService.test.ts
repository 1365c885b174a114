import { EventEmitter } from "node:events"
import { beforeEach, describe, expect, it } from "vitest"
import { IoRedisService } from "../../../../../infrastructure/redis/clients/IoRedisService.js"
import { recogniseClient } from "../../../../../infrastructure/redis/clients/topology.js"

/** A client of one server, or of a cluster, as ioredis makes them. */
class FakeClient extends EventEmitter {
  readonly status = "ready"

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
})
