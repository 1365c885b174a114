import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, type OwnedSessionService, SessionError } from "coatcheck"
import type { HistoryRecorder } from "../../histories/HistoryRecorder.js"
import { type OpenStore, openStore } from "../../workloads/open-store.js"
import { type Attributes, RecordedClient } from "../../workloads/RecordedClient.js"
import type { ClientName } from "../../workloads/store-clients.js"
import { type Cut, type Direction, FaultProxy } from "./FaultProxy.js"
import { lookAround, makeSession, RECORDED_CALLS } from "./recorded-calls.js"

type Service = OwnedSessionService<Attributes, Attributes>

export interface CutPoint extends Cut {
  /** Of `RECORDED_CALLS`. */
  readonly call: string
}

/** A service repeats ten lost calls before it counts them against the others, and here every call is lost. */
const CUTS_OF_ONE_SERVICE = 8
const HEARD_MS = 20_000

/** One line that is cut again and again, and what calls over it are compared with: calls on a line without faults. */
export class CutLane implements AsyncDisposable {
  readonly #proxy: FaultProxy
  readonly #client: ClientName
  readonly #recorder: HistoryRecorder
  readonly #number: number
  readonly #direct: RecordedClient
  #opened: { readonly store: OpenStore; readonly service: Service } | undefined
  #uses = 0

  private constructor(proxy: FaultProxy, { client, recorder, number, direct }: LaneOptions) {
    this.#proxy = proxy
    this.#client = client
    this.#recorder = recorder
    this.#number = number
    this.#direct = new RecordedClient(direct, recorder, number)
  }

  static async start(port: number, options: LaneOptions): Promise<CutLane> {
    return new CutLane(await FaultProxy.start(port), options)
  }

  /** How many bytes a call moves in each direction when nothing is cut. */
  async measure(call: string): Promise<Readonly<Record<Direction, number>>> {
    await this.#make(call, undefined, `measure ${call} first`)
    await this.#make(call, undefined, `measure ${call}`)
    return this.#proxy.passed
  }

  /** Makes a call that is cut. @returns whether the cut happened before the call was over */
  async cut(point: CutPoint, user: string): Promise<boolean> {
    return this.#make(point.call, point, user)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    await this.#proxy.stop()
  }

  async #make(call: string, cut: Cut | undefined, user: string): Promise<boolean> {
    const service = await this.#service()
    const made = await makeSession(this.#direct, user)
    const client = new RecordedClient(service, this.#recorder, this.#number, true)
    this.#proxy.arm(cut)
    const issued = await RECORDED_CALLS[call]?.(client, made)
    const { struck } = this.#proxy
    // A cut that did not happen must not meet the next call.
    if (cut !== undefined) this.#proxy.arm()
    await lookAround(this.#direct, made, issued)
    return struck
  }

  async #service(): Promise<Service> {
    if (this.#uses >= CUTS_OF_ONE_SERVICE) await this.#close()
    this.#uses += 1
    if (this.#opened === undefined) {
      const store = await openStore(this.#client, this.#proxy.url)
      const service = await createSessionService<Attributes>({ store: store.store, touchInterval: "10ms" })
      this.#opened = { store, service }
    }
    await heard(this.#opened.service)
    return this.#opened.service
  }

  async #close(): Promise<void> {
    await this.#opened?.service.close()
    await this.#opened?.store.close()
    this.#opened = undefined
    this.#uses = 0
  }
}

export interface LaneOptions {
  readonly client: ClientName
  readonly recorder: HistoryRecorder
  /** Of this lane, so that names never meet. */
  readonly number: number
  /** A service on a line without faults. */
  readonly direct: Service
}

/** Waits until the store answers a service. @throws when it does not in time */
export async function heard(service: Pick<Service, "ping">, withinMs = HEARD_MS): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      await service.ping()
      return
    } catch (error) {
      if (!SessionError.is(error) || performance.now() > deadline) throw error
      await pause(5)
    }
  }
}
