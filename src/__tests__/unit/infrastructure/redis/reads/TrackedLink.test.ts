import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import type { TrackedConnection, TrackingListener } from "../../../../../domain/interfaces/redis/IRedisService.js"
import { leaseProbe, probeKey } from "../../../../../infrastructure/redis/reads/lease-probe.js"
import { TrackedLink } from "../../../../../infrastructure/redis/reads/TrackedLink.js"

const LEASE_MS = 900

/** A connection whose answers the test gives. */
class Line implements TrackedConnection {
  readonly listener: TrackingListener
  isClosed = false
  readonly #waiting: { readonly command: readonly string[]; readonly settle: (value: unknown) => void; readonly fail: (error: unknown) => void }[] = []

  constructor(listener: TrackingListener) {
    this.listener = listener
  }

  send(command: readonly string[]): Promise<unknown> {
    return new Promise((settle, fail) => this.#waiting.push({ command, settle, fail }))
  }

  close(): void {
    this.isClosed = true
  }

  /** Answers what waits, as a primary does. @param instead - of the usual answers, by command */
  async answer(instead: Readonly<Record<string, unknown>> = {}, count = this.#waiting.length): Promise<number> {
    const waiting = this.#waiting.splice(0, count)
    for (const { command, settle, fail } of waiting) {
      const [name = ""] = command
      const value = name in instead ? instead[name] : ANSWERS[name]
      if (value instanceof Error) fail(value)
      else settle(value)
    }
    await turn()
    return waiting.length
  }
}

const ANSWERS: Readonly<Record<string, unknown>> = {
  EXISTS: 0,
  ROLE: ["master", 0, []],
  CLIENT: { flags: ["on"], redirect: -1, prefixes: [] },
  TIME: ["1700000000", "0"],
}
const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

describe("TrackedLink", () => {
  let lines: Line[]
  let said: string[]
  let log: string[]
  let link: TrackedLink
  let isCluster = false
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "performance"] })
    lines = []
    said = []
    log = []
    link = new TrackedLink({
      open: async (listener) => {
        log.push("open")
        const line = new Line(listener)
        lines.push(line)
        return line
      },
      leaseLength: LEASE_MS,
      probe: () => leaseProbe("probe", isCluster),
      onInvalidated: (key) => log.push(`invalidated ${key}`),
      onLapse: () => log.push("lapse"),
      onServing: (serving, reason) => said.push(`${serving} ${reason}`),
    })
    await turn()
  })
  afterEach(() => {
    link.stop()
    vi.useRealTimers()
  })

  const line = (): Line => lines.at(-1) ?? expect.fail("no connection was opened")
  const holds = (): boolean => performance.now() <= link.lease.until

  it("serves once a probe was answered", async () => {
    expect(holds()).toBe(false)
    expect(await line().answer()).toBe(4)
    expect(holds()).toBe(true)
    expect(said).toEqual(["true answered"])
  })

  it("counts the lease from when the probe was sent", async () => {
    await vi.advanceTimersByTimeAsync(299)
    await line().answer()
    await vi.advanceTimersByTimeAsync(LEASE_MS - 299)
    expect(holds()).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    expect(holds()).toBe(false)
  })

  it("renews nothing by an answer to a probe that is older than the lease", async () => {
    await vi.advanceTimersByTimeAsync(LEASE_MS + 1)
    await line().answer({}, 4)
    expect(holds()).toBe(false)
    expect(said).toEqual([])
    await line().answer({}, 4)
    expect(said).toEqual(["true answered"])
  })

  it("probes thrice a lease, and serves on while it is answered", async () => {
    await line().answer()
    for (let n = 0; n < 30; n += 1) {
      await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
      expect(await line().answer()).toBe(4)
      expect(holds()).toBe(true)
    }
    expect(said).toEqual(["true answered"])
    expect(lines).toHaveLength(1)
  })

  it("says that it does not serve, and forgets all, when it is not answered", async () => {
    await line().answer()
    log.length = 0
    await vi.advanceTimersByTimeAsync((LEASE_MS * 4) / 3)
    expect(said).toEqual(["true answered", "false lapsed"])
    expect(log[0]).toBe("lapse")
  })

  it.each(["CLUSTERDOWN the cluster is down", "MOVED 1 127.0.0.1:1", "LOADING reading", "NOPERM no", "ERR something"])(
    "renews nothing when it is answered %s",
    async (text) => {
      await line().answer()
      for (let n = 0; n < 4; n += 1) {
        await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
        await line().answer({ EXISTS: new Error(text) })
      }
      expect(holds()).toBe(false)
      expect(said).toEqual(["true answered", "false lapsed"])
    },
  )

  it.each([
    ["a replica", { ROLE: ["slave", "127.0.0.1", 1, "connected", 0] }],
    ["one that does not track", { CLIENT: { flags: ["off"], redirect: -1, prefixes: [] } }],
    ["one that tracks with a broken redirection", { CLIENT: { flags: [], redirect: 0 } }],
    ["one whose time is none", { TIME: ["x", "0"] }],
  ])("leaves %s", async (_what, instead) => {
    await line().answer()
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
    const left = line()
    await left.answer(instead)
    expect(left.isClosed).toBe(true)
    expect(holds()).toBe(false)
    expect(said).toEqual(["true answered", "false not-primary"])
  })

  it("forgets all before it connects again, and serves on only when the new connection answers", async () => {
    await line().answer()
    log.length = 0
    line().listener.closed()
    expect(holds()).toBe(false)
    expect(log).toEqual(["lapse"])
    await vi.advanceTimersByTimeAsync(200)
    expect(log).toEqual(["lapse", "open"])
    expect(holds()).toBe(false)
    await line().answer()
    expect(holds()).toBe(true)
    expect(said).toEqual(["true answered", "false closed", "true answered"])
  })

  it("takes nothing from a connection that it has left", async () => {
    const old = line()
    await old.answer()
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
    link.renew()
    log.length = 0
    await old.answer()
    old.listener.invalidated("key")
    old.listener.closed()
    expect(holds()).toBe(false)
    expect(log).toEqual([])
    expect(said).toEqual(["true answered", "false renewed"])
  })

  it("does not put off a connection that is to be made, however often it is told to", async () => {
    line().listener.closed()
    for (let n = 0; n < 20; n += 1) {
      await vi.advanceTimersByTimeAsync(10)
      link.renew()
    }
    expect(lines.length).toBeGreaterThan(1)
  })

  it("leaves a connection on which nothing is heard", async () => {
    await line().answer()
    await vi.advanceTimersByTimeAsync(2_500)
    expect(lines[0]?.isClosed).toBe(true)
    expect(lines.length).toBeGreaterThan(1)
  })

  it("hands on what it hears", () => {
    line().listener.invalidated("one")
    line().listener.invalidated(null)
    expect(log.slice(-2)).toEqual(["invalidated one", "invalidated null"])
  })

  it("does nothing more once it is stopped", async () => {
    await line().answer()
    link.stop()
    expect(line().isClosed).toBe(true)
    expect(holds()).toBe(false)
    link.renew()
    line().listener.closed()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(lines).toHaveLength(1)
    expect(said).toEqual(["true answered"])
  })

  describe("to a node of a cluster", () => {
    const slots = (primary: string): unknown => [
      [5461, 16383, ["127.0.0.1", 2, "other", []], ["127.0.0.1", 3, "its replica", []]],
      [0, 5460, ["127.0.0.1", 1, primary, []]],
    ]
    beforeAll(() => {
      isCluster = true
    })
    afterAll(() => {
      isCluster = false
    })

    it("leaves it when slots have moved, whoever they belonged to", async () => {
      expect(await line().answer({ CLUSTER: slots("this") })).toBe(5)
      expect(holds()).toBe(true)
      await vi.advanceTimersByTimeAsync(300)
      await line().answer({ CLUSTER: [...(slots("this") as unknown[])].reverse() })
      expect(said).toEqual(["true answered"])
      await vi.advanceTimersByTimeAsync(300)
      await line().answer({ CLUSTER: slots("a third one") })
      expect(holds()).toBe(false)
      expect(said).toEqual(["true answered", "false slots-moved"])
      expect(log.slice(-1)).toEqual(["lapse"])
      expect(lines[0]?.isClosed).toBe(true)
      await vi.advanceTimersByTimeAsync(1_000)
      await line().answer({ CLUSTER: slots("a third one") })
      expect(said.at(-1)).toBe("true answered")
    })

    it("serves on while the slot of its question moves, and not when it has moved", async () => {
      await line().answer({ CLUSTER: slots("this"), EXISTS: new Error("ASK 17 127.0.0.1:2") })
      expect(said).toEqual(["true answered"])
      await vi.advanceTimersByTimeAsync(300)
      await line().answer({ CLUSTER: slots("this"), EXISTS: new Error("MOVED 17 127.0.0.1:2") })
      await vi.advanceTimersByTimeAsync(599)
      expect(holds()).toBe(true)
      await vi.advanceTimersByTimeAsync(2)
      expect(holds()).toBe(false)
    })
  })
})

describe("probeKey", () => {
  it("is one that the server keeps, behind the prefix", () => {
    expect(probeKey("app:", () => true)).toBe("app:near-cache")
    expect(probeKey("app:", (key) => key.endsWith("7"))).toBe("app:near-cache:7")
    expect(probeKey("", () => false)).toBe("near-cache")
  })
})
