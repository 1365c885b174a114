import { createSessionService } from "coatcheck"
import { describe, expect, it } from "vitest"
import { ServerClock } from "../faults/clocks/ServerClock.js"
import { neverExplained } from "../faults/never-explained.js"
import { SignOutLedger } from "../faults/SignOutLedger.js"
import { SplitSlotProbe } from "../faults/SplitSlotProbe.js"
import type { HistoryLine, Seen } from "../histories/history-line.js"
import { checkLimit } from "../histories/limit-sweep.js"
import { splitBySession } from "../histories/session-histories.js"
import { lifeOf } from "../histories/session-life.js"
import { Cluster } from "../servers/Cluster.js"
import { Gate } from "../servers/Gate.js"
import { keySlot } from "../servers/key-slot.js"
import { connectPlain } from "../servers/plain-client.js"
import { askStore } from "../servers/SentinelGroup.js"
import { SlotMover } from "../servers/SlotMover.js"
import { StoreServer } from "../servers/StoreServer.js"
import { bound } from "../workloads/bound-service.js"
import type { Attributes } from "../workloads/RecordedClient.js"

const HOUR_S = 3_600

describe("what even a lost write does not explain", () => {
  const line = (more: Partial<HistoryLine>): HistoryLine => ({
    client: "0.1",
    op: "get",
    args: {},
    call: 1,
    ret: 2,
    settled: 2,
    outcome: "ok",
    value: {},
    ...more,
  })
  const created = line({ op: "create", args: { user: "u", write: "a" }, value: { seen: { session: "AAA.1", version: 1, text: "a" } } })
  const read = (text: string): HistoryLine => line({ args: { session: "AAA.1" }, value: { seen: { session: "AAA.1", version: 2, text } } })
  const limit = { rule: "V8", subject: "u", what: "exceeded" } as const

  it("is an answer that nobody wrote, but not one of a write that was lost", () => {
    const written = line({ op: "update", args: { session: "AAA.1", write: "b" }, value: { seen: { session: "AAA.1", version: 2, text: "b" } } })
    expect(neverExplained([created, written, read("a")], [])).toEqual([])
    expect(neverExplained([created, written, read("c")], [])).toMatchObject([{ rule: "V2", subject: "AAA.1" }])
    const elsewhere = line({ op: "update", args: { session: "BBB.1", write: "d" }, value: { seen: null } })
    expect(neverExplained([created, elsewhere, read("d")], [])).toMatchObject([{ rule: "V2", subject: "AAA.1" }])
  })

  it("is a limit that was exceeded for a user of whom nothing was lost, by sessions that were seen alive", () => {
    const seen = (name: string): Seen => ({ session: `AAA.${name}`, version: 1, text: name })
    const two = ["a", "b"].map((write, i) => line({ op: "create", args: { user: "u", limit: 1, write }, value: { seen: seen(write) }, call: i, ret: i + 1 }))
    const later = ["a", "b"].map((name) => line({ args: { session: `AAA.${name}` }, value: { seen: seen(name) }, call: 5, ret: 6 }))
    const both = [...two, ...later]
    expect(neverExplained(both, [limit])).toEqual([limit])
    expect(neverExplained(both, [limit, { rule: "V6", subject: "AAA.a", what: "lost" }])).toEqual([])
    expect(neverExplained(both, [limit, { rule: "V6", subject: "BBB.1", what: "lost" }])).toEqual([limit])
    expect(neverExplained(both.slice(0, 3), [limit])).toEqual([])
  })

  it("is a session that was ended to make room where there was room, unless one whose end was acknowledged during the fault may have taken it", () => {
    const args = { user: "u", limit: 1 }
    const lines = [
      line({ op: "create", args: { ...args, write: "a" }, value: { seen: { session: "AAA.a", version: 1, text: "a" } }, call: 1, ret: 2 }),
      line({ op: "delete", args: { session: "AAA.a" }, value: { ended: true }, call: 3, ret: 4 }),
      line({ op: "create", args: { ...args, write: "b" }, value: { seen: { session: "AAA.b", version: 1, text: "b" }, evicted: ["AAA.a"] }, call: 5, ret: 6 }),
    ]
    const needless = { ...limit, what: "a creation ended 1 sessions where at most 0 lived, with a limit of 1" } as const
    expect(checkLimit(lines, new Map(splitBySession(lines).map((history) => [history.session, lifeOf(history)])))).toEqual([needless])
    expect(neverExplained(lines, [needless])).toEqual([needless])
    expect(neverExplained(lines, [needless], { until: 3, from: 7 })).toEqual([])
    expect(neverExplained(lines, [needless], { until: 5, from: 7 })).toEqual([needless])
    expect(neverExplained(lines, [needless], { until: 0, from: 3 })).toEqual([needless])
  })
})

it("sign-ins that are gone and sign-outs that came undone are counted", async () => {
  await using service = await createSessionService<Attributes>({ store: "memory:" })
  const pretending = { ...bound(service), deleteSession: async () => true }
  const ledger = new SignOutLedger("u")
  const tokens = [await ledger.signIn(service), await ledger.signIn(service), await ledger.signIn(service)]
  const [first = "", second = "", third = ""] = tokens
  await ledger.signOut(service, first)
  expect([await ledger.lost(service), await ledger.undone(service)]).toEqual([0, 0])
  await ledger.signOut(pretending, second)
  await service.deleteSession(third)
  expect([await ledger.lost(service), await ledger.undone(service), ledger.signedOut]).toEqual([1, 1, 2])
})

it("a key's slot is the one that a cluster gives it", async () => {
  await using server = await StoreServer.start("redis", { config: { "cluster-enabled": "yes" } })
  for (const key of ["123456789", "{user1000}.following", "foo{}{bar}", "session:{AbC}.x", "ü"])
    expect([key, keySlot(key)]).toEqual([key, Number(await askStore(server, ["CLUSTER", "KEYSLOT", key]))])
})

it("a slot that lies on two nodes is served, and a service that fails meanwhile is found out", { timeout: 600_000 }, async () => {
  await using cluster = await Cluster.start("redis")
  await using service = await createSessionService<Attributes>({ store: cluster.url })
  const probe = await SplitSlotProbe.open(service, "split")
  const failing = await SplitSlotProbe.open({ ...bound(service), deleteSession: async () => false }, "failing")
  await using mover = await SlotMover.connect(cluster)
  expect(await probe.move(mover)).toEqual([])
  expect(await failing.move(mover)).toEqual(["Expected a sign-out to work while its slot lies on two nodes, got false"])
  const { tryAgain, failedInScripts } = await mover.counts()
  expect(tryAgain).toBeGreaterThan(0)
  expect(failedInScripts).toBe(0)
  expect(mover.keys).toBeGreaterThanOrEqual(12)
})

it("a gate that is shut lets nothing pass, and hands it over when it opens", async () => {
  await using server = await StoreServer.start("redis")
  await using gate = await Gate.listen()
  gate.leadTo(server.port)
  const client = await connectPlain(`redis://127.0.0.1:${gate.port}`)
  try {
    expect(await client.incr("passed")).toBe(1)
    gate.shut()
    const waiting = client.incr("passed")
    expect(await askStore(server, ["GET", "passed"])).toBe("1")
    gate.open()
    expect(await waiting).toBe(2)
  } finally {
    client.destroy()
  }
})

it("the clock of a running server can be set", { timeout: 600_000 }, async () => {
  using clock = await ServerClock.build()
  await using server = await StoreServer.start("valkey", { environment: clock.environment })
  const offBy = async (): Promise<number> => Math.round(Number(((await askStore(server, ["TIME"])) as string[])[0]) - Date.now() / 1_000)
  expect(Math.abs(await offBy())).toBeLessThan(60)
  for (const hours of [1, -1, 0]) {
    clock.shift(hours * HOUR_S * 1_000)
    expect(Math.abs((await offBy()) - hours * HOUR_S)).toBeLessThan(60)
  }
})
