import type { Figures } from "../../layer.js"
import { askLoadedStore, SentinelGroup } from "../../servers/SentinelGroup.js"
import { openStore } from "../../workloads/open-store.js"
import { despiteTilt } from "../despite-tilt.js"
import { FaultLoad } from "../FaultLoad.js"
import { crash, type FailoverCost, replace } from "../failover-rounds.js"
import { failoversSummed } from "../failovers-summed.js"
import type { FaultRow } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"

const TIMEOUT_MS = 1_000
const MIN_REPLICAS = [0, 1] as const

/** A failover may lose what was acknowledged last. Sign-outs are made again by the service that made them; a primary that must see a replica loses less. */
export const FAILOVERS: FaultRow = {
  number: 7,
  name: "primary killed or replaced under Sentinel",
  topologies: ["sentinel"],
  async run({ kind, client, seed, scale, signal, times, note }) {
    await using group = await SentinelGroup.start(kind, scale === "full" ? {} : { downAfterMs: 1_000 })
    const opened = await openStore(client, group.url)
    const rounds = times(20, 1)
    const costs: { readonly how: "crash" | "manual"; readonly min: number; readonly cost: FailoverCost }[] = []
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed, users: 100, clients: 4, paceMs: 20 })
      for (let i = 0; i < rounds * 2; i++) {
        const how = i % 2 === 0 ? "crash" : "manual"
        const min = MIN_REPLICAS[Math.floor(i / 2) % 2] ?? 0
        note(`${how} failover ${Math.floor(i / 2) + 1} of ${rounds}`)
        signal.throwIfAborted()
        for (const store of group.stores) await askLoadedStore(store, ["CONFIG", "SET", "min-replicas-to-write", String(min), "min-replicas-max-lag", "2"])
        let attempt = 0
        const round = (): Promise<FailoverCost> => (how === "crash" ? crash : replace)(group, load, `failover-${i}-${attempt++}`)
        costs.push({ how, min, cost: await load.disrupting(() => despiteTilt(group, round)) })
      }
      const found = await load.finish()
      const why = limitsHeld(found, { timeoutMs: TIMEOUT_MS, mayLose: true })
      const withReplay = sum(costs.map(({ cost }) => cost.undoneWithReplay))
      const without = sum(costs.map(({ cost }) => cost.undoneWithout))
      if (withReplay > 0) why.push(`Expected the service to make its own sign-outs again, got ${withReplay} that came undone`)
      if (without === 0) why.push("Expected a failover to undo sign-outs of a service that is gone, got none: the fault was not brought about")
      if (costs.some(({ min, cost }) => min === 0 && cost.signedOut === 0))
        why.push("Expected sign-outs that the service can make again in each failover, got none in one of them")
      if (costs.some(({ how, min, cost }) => how === "crash" && min === 1 && cost.refused === 0))
        why.push("Expected a primary that sees no replica to refuse writes, got none that was refused")
      if (costs.some(({ how, min, cost }) => how === "crash" && min === 1 && cost.undoneWithout + cost.lost > 0))
        why.push("Expected a primary that sees no replica to refuse writes, got acknowledged ones that were lost")
      return {
        version: group.version,
        tried: costs.length,
        figures: {
          calls: found.operations,
          unknown: found.unknown,
          ...figuresOf("crash", costs),
          ...figuresOf("manual", costs),
          "sign-outs undone, with replay": withReplay,
          "sign-outs undone, without replay": without,
          "longest call ms": Math.round(found.longestCallMs),
          tilt: group.tilts(),
        },
        summary: {
          "acknowledged writes lost, failover": sum(costs.map(({ cost }) => cost.lost)) + found.lost,
          "sign-outs undone by a failover, with replay": withReplay,
          "sign-outs undone by a failover, without replay": without,
          "partial records": found.partial,
          "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, TIMEOUT_MS)),
          ...failoversSummed(costs.map(({ cost }) => cost.unavailableMs)),
        },
        why,
      }
    } finally {
      await opened.close()
    }
  },
}

function figuresOf(how: string, costs: readonly { readonly how: string; readonly min: number; readonly cost: FailoverCost }[]): Figures {
  const own = costs.filter((each) => each.how === how)
  const lost = MIN_REPLICAS.flatMap((min) => {
    const those = own.filter((each) => each.min === min)
    return those.length === 0 ? [] : [[`${how}: lost each, min-replicas ${min}`, (sum(those.map(({ cost }) => cost.lost)) / those.length).toFixed(1)] as const]
  })
  const away = own.map(({ cost }) => cost.unavailableMs).sort((a, b) => a - b)
  return {
    ...Object.fromEntries(lost),
    [`${how}: unavailable ms, half`]: Math.round(away[Math.floor((away.length - 1) / 2)] ?? 0),
    [`${how}: unavailable ms, most`]: Math.round(away.at(-1) ?? 0),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
