import { createSessionService, type OwnedSessionService } from "coatcheck"
import { HistoryRecorder } from "../../histories/HistoryRecorder.js"
import { StoreServer } from "../../servers/StoreServer.js"
import { openStore } from "../../workloads/open-store.js"
import { type Attributes, RecordedClient } from "../../workloads/RecordedClient.js"
import type { FaultRow, FaultSite } from "../fault-row.js"
import { judge } from "../judge.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { heard } from "../network/CutLane.js"
import { FaultProxy } from "../network/FaultProxy.js"
import { FORGERIES, type NamedForgery } from "../network/forgeries.js"
import { lookAround, makeSession, RECORDED_CALLS } from "../network/recorded-calls.js"
import { Standstills } from "../Standstills.js"

type Service = OwnedSessionService<Attributes, Attributes>

const TIMEOUT_MS = 300
const MEBIBYTE = 1024 * 1024
const MOST_GROWTH = 256 * MEBIBYTE
const CALLS_OF_A_QUICK_RUN = ["get", "update"]

/** Whatever comes in the place of a reply, the call ends with an error of its own or with the truth, and calls go on. */
export const FORGED_REPLIES: FaultRow = {
  number: 16,
  name: "garbage in the place of a reply",
  topologies: ["one server"],
  nearCache: "none",
  async run(site) {
    const origin = process.hrtime.bigint()
    using standstills = new Standstills(origin)
    await using server = await StoreServer.start(site.kind)
    const recorder = new HistoryRecorder(origin)
    const direct = await createSessionService<Attributes>({ store: server.url })
    const calls = site.scale === "quick" ? CALLS_OF_A_QUICK_RUN : Object.keys(RECORDED_CALLS)
    const memory = watchMemory()
    try {
      const why = (
        await Promise.all(FORGERIES.map((forgery, i) => answerWith(forgery, calls, { site, port: server.port, recorder, direct, number: i })))
      ).flat()
      const found = judge(recorder.take(), { standstills })
      const growth = memory.stop()
      // A forged record reads like a damaged one.
      why.push(...limitsHeld({ ...found, partial: 0 }, { timeoutMs: TIMEOUT_MS }))
      if (growth > MOST_GROWTH) why.push(`Expected memory to grow by less than ${MOST_GROWTH / MEBIBYTE} MB, got ${Math.round(growth / MEBIBYTE)} MB`)
      const tried = FORGERIES.length * calls.length
      return {
        version: server.version,
        tried,
        figures: {
          calls: found.operations,
          unknown: found.unknown,
          "surely not applied": found.failed,
          "memory grew by MB": Math.round(growth / MEBIBYTE),
          "longest call ms": Math.round(found.longestCallMs),
        },
        summary: { "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, TIMEOUT_MS)) },
        why,
      }
    } finally {
      memory.stop()
      await direct.close()
    }
  },
}

interface Lane {
  readonly site: FaultSite
  readonly port: number
  readonly recorder: HistoryRecorder
  readonly direct: Service
  readonly number: number
}

async function answerWith(forgery: NamedForgery, calls: readonly string[], { site, port, recorder, direct, number }: Lane): Promise<string[]> {
  await using proxy = await FaultProxy.start(port)
  const opened = await openStore(site.client, proxy.url)
  const service = await createSessionService<Attributes>({ store: opened.store, timeout: `${TIMEOUT_MS}ms`, touchInterval: "10ms" })
  const looking = new RecordedClient(direct, recorder, number)
  const why: string[] = []
  try {
    for (const call of calls) {
      site.signal.throwIfAborted()
      await heard(service)
      const made = await makeSession(looking, `${forgery.name} ${call}`)
      const before = proxy.opened
      proxy.arm(forgery)
      const issued = await RECORDED_CALLS[call]?.(new RecordedClient(service, recorder, number, true), made)
      if (!proxy.struck) why.push(`Expected ${call} to be answered with ${forgery.name}, got no reply to replace`)
      proxy.arm()
      // A client that was handed in is left alone, however long its server is silent.
      if (site.client === "ioredis" && forgery.place === "then-silence") proxy.reset()
      await heard(service)
      if (forgery.isGarbage && proxy.opened === before) why.push(`Expected the connection to be closed after ${forgery.name}, got one that is used on`)
      await lookAround(looking, made, issued)
    }
  } finally {
    await service.close()
    await opened.close()
  }
  return why
}

/** Looks at this process's memory until it is stopped. */
function watchMemory(): { stop(): number } {
  const before = process.memoryUsage.rss()
  let most = before
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss())
  }
  const timer = setInterval(look, 10)
  return {
    stop: () => {
      clearInterval(timer)
      look()
      return most - before
    },
  }
}
