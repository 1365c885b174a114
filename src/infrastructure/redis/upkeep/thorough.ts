import { SessionError } from "../../../domain/errors.js"
import type { ThoroughProgress } from "../../../domain/interfaces/session/ISessionService.js"
import { Pace } from "../../pace.js"
import type { ListPlace } from "../session-keys.js"
import type { SignOutOptions, UpkeepParts } from "./sign-out-everywhere.js"

interface ThoroughOptions extends SignOutOptions {
  /** Keys per second on each node at most. */
  readonly rate: number
  readonly onProgress: ((progress: ThoroughProgress) => void) | undefined
  /** Aborted when the service is closed. */
  readonly ending: AbortSignal
  /** How many were ended before the walk. */
  readonly listed: number
}

/** Keys that a server looks at for each step: half a millisecond, measured, in which it serves nobody else. */
const KEYS_PER_STEP = 1_000

/**
 * Ends the sessions of a user that no list names, up to the cut-off, by walking over keys.
 *
 * A cluster's node looks only at the slot of the tag in the pattern, so a node that holds none of it answers in one step; a single server goes over
 * all its keys. Sessions do not come back and those of later are passed by, so the passes end.
 *
 * @returns how many were ended, `listed` included
 * @throws ERR_CLOSED when the service is closed meanwhile
 */
export async function removeThoroughly(parts: UpkeepParts, place: ListPlace, cutoff: string, options: ThoroughOptions): Promise<number> {
  const walk = new Walk(parts, place, cutoff, options)
  for (let pass = 1; ; pass += 1) {
    const before = walk.ended
    const nodes = await parts.redis.nodes()
    for (const node of nodes.keys()) await walk.visit(node)
    if (parts.redis.singleNode) return walk.ended
    // A key that moves with its slot may leave a node before the walk comes there, for one where it has been. In two passes it is met once.
    if (pass > 1 && walk.ended === before && String(nodes) === String(await parts.redis.nodes())) return walk.ended
  }
}

class Walk {
  readonly #parts: UpkeepParts
  readonly #pattern: string
  readonly #cutoff: string
  readonly #options: ThoroughOptions
  readonly #stop: AbortSignal
  readonly #count: number
  #scanned = 0
  #ended: number

  constructor(parts: UpkeepParts, place: ListPlace, cutoff: string, options: ThoroughOptions) {
    this.#parts = parts
    this.#pattern = parts.keys.patternOf(place.tag)
    this.#cutoff = cutoff
    this.#options = options
    this.#stop = options.signal === undefined ? options.ending : AbortSignal.any([options.signal, options.ending])
    this.#count = Math.min(KEYS_PER_STEP, options.rate)
    this.#ended = options.listed
  }

  get ended(): number {
    return this.#ended
  }

  async visit(node: number): Promise<void> {
    const { redis } = this.#parts
    const pace = new Pace(this.#options.rate, this.#stop)
    let cursor = "0"
    for (;;) {
      this.#throwIfStopped()
      const step = await redis.scan(node, cursor, this.#pattern, this.#count, this.#options)
      // All of them, before anything is told: what is ended has to be remembered.
      const removed = await Promise.allSettled(step.keys.map((key) => this.#removeOwned(key)))
      for (const one of removed) if (one.status === "rejected") throw one.reason
      this.#scanned += this.#count
      this.#options.onProgress?.({ scanned: this.#scanned, ended: this.#ended })
      cursor = step.cursor
      if (cursor === "0") return
      await pace.after(this.#count)
    }
  }

  async #removeOwned(key: string): Promise<void> {
    const handle = this.#parts.keys.parseSession(key)
    if (handle === null || handle.id === this.#options.except?.id) return
    this.#options.onBegin()
    // Users may share a tag, so the record itself decides.
    const owned = { owner: JSON.stringify(this.#options.owner), newest: this.#cutoff, version: null, verifiers: [] }
    const { status, repeated } = await this.#parts.scripts.delete({ ...owned, session: key }, this.#options)
    if (status === "MISSING" && repeated) this.#options.onMaybeEnded?.(handle)
    if (status !== "DONE") return
    this.#ended += 1
    this.#options.onEnded(handle)
  }

  #throwIfStopped(): void {
    this.#options.signal?.throwIfAborted()
    if (!this.#options.ending.aborted) return
    const outcome = this.#ended > 0 ? "unknown" : "not-applied"
    throw new SessionError("ERR_CLOSED", "The service was closed before all sessions were found. Make a new one, and call again.", { outcome })
  }
}
