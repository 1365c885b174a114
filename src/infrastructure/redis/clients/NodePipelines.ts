import type { Writable } from "node:stream"

type Corkable = Pick<Writable, "cork" | "uncork">

/**
 * ioredis and iovalkey write each command to a node of a cluster by itself: a call of the system for each. Held back until the end of the microtasks, what is asked of a
 * node together goes as one pipeline. Which command goes where, and what becomes of each, stays with the client.
 */
export class NodePipelines {
  readonly #nodes: ReadonlyMap<unknown, unknown>
  #held: Corkable[] = []

  /** @param nodes - as keys, those that are connected to, as they are at each call of `hold` */
  constructor(nodes: ReadonlyMap<unknown, unknown>) {
    this.#nodes = nodes
  }

  /** Called before a command is handed to the client. */
  hold(): void {
    if (this.#held.length > 0) return
    for (const node of this.#nodes.keys()) {
      const stream = streamOf(node)
      if (stream === undefined) continue
      stream.cork()
      this.#held.push(stream)
    }
    if (this.#held.length > 0) process.nextTick(this.#release)
  }

  readonly #release = (): void => {
    const held = this.#held
    this.#held = []
    for (const stream of held) stream.uncork()
  }
}

/** The socket of a node; `undefined` before it is connected, or where a client keeps it elsewhere: then each command goes by itself, as without this. */
function streamOf(node: unknown): Corkable | undefined {
  const { stream } = node as { readonly stream?: Partial<Corkable> | null }
  return typeof stream?.cork === "function" && typeof stream.uncork === "function" ? (stream as Corkable) : undefined
}
