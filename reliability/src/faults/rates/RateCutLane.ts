import { setTimeout as pause } from "node:timers/promises"
import { createRateLimitingService, type OwnedRateLimitingService } from "coatcheck/rate-limit"
import { type OpenStore, openStore } from "../../workloads/open-store.js"
import type { ClientName } from "../../workloads/store-clients.js"
import { type Cut, type Direction, FaultProxy } from "../network/FaultProxy.js"
import { LASTING_RULES, LOST_CALLS, type LostAnswer } from "./lost-calls.js"

type Limits = OwnedRateLimitingService<typeof LASTING_RULES>

export interface CutCall {
  readonly answer: LostAnswer
  /** Whether the cut happened before the call was over. */
  readonly struck: boolean
  readonly tookMs: number
}

export const CUT_TIMEOUT_MS = 2_000
/** So many lost calls one after the other are no reason yet to take the store for gone. */
const CUTS_OF_ONE_SERVICE = 8
const HEARD_MS = 20_000

/** One line that is cut again and again in the middle of calls of rate limits. */
export class RateCutLane implements AsyncDisposable {
  readonly #proxy: FaultProxy
  readonly #client: ClientName
  readonly #direct: Limits
  #opened: { readonly store: OpenStore; readonly limits: Limits } | undefined
  #uses = 0

  private constructor(proxy: FaultProxy, client: ClientName, direct: Limits) {
    this.#proxy = proxy
    this.#client = client
    this.#direct = direct
  }

  /** @param direct over a line on which nothing breaks */
  static async start(port: number, client: ClientName, direct: Limits): Promise<RateCutLane> {
    return new RateCutLane(await FaultProxy.start(port), client, direct)
  }

  /** How many bytes a call moves in each direction when nothing is cut. */
  async measure(call: string): Promise<Readonly<Record<Direction, number>>> {
    await this.cut(call, undefined, `measure ${call} first`)
    await this.cut(call, undefined, `measure ${call}`)
    return this.#proxy.passed
  }

  async cut(call: string, cut: Cut | undefined, key: string): Promise<CutCall> {
    const lost = LOST_CALLS[call]
    if (lost === undefined) throw new RangeError(`Expected the name of a call, got ${call}`)
    const limits = await this.#heard()
    await lost.prepare(this.#direct, key)
    this.#proxy.arm(cut)
    const began = performance.now()
    const answer = await lost.make(limits, key)
    const tookMs = performance.now() - began
    const { struck } = this.#proxy
    // A cut that did not happen must not meet the next call.
    if (cut !== undefined) this.#proxy.arm()
    return { answer, struck, tookMs }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    await this.#proxy.stop()
  }

  async #heard(): Promise<Limits> {
    if (this.#uses >= CUTS_OF_ONE_SERVICE) await this.#close()
    this.#uses += 1
    if (this.#opened === undefined) {
      const store = await openStore(this.#client, this.#proxy.url)
      this.#opened = { store, limits: await createRateLimitingService({ store: store.store, rules: LASTING_RULES, timeout: `${CUT_TIMEOUT_MS}ms` }) }
    }
    const { limits } = this.#opened
    for (const until = performance.now() + HEARD_MS; (await limits.getRateLimitStatus({ key: "heard" }, "log")).judgedBy !== "store"; await pause(5))
      if (performance.now() > until) throw new Error(`Expected the store to be heard again within ${HEARD_MS} ms`)
    return limits
  }

  async #close(): Promise<void> {
    await this.#opened?.limits.close()
    await this.#opened?.store.close()
    this.#opened = undefined
    this.#uses = 0
  }
}
