import { setTimeout as pause } from "node:timers/promises"
import type { NodeRedisCommandOptions, NodeRedisFeatures, NodeRedisLike } from "./client-shapes.js"
import { listenTo } from "./shared-listeners.js"

const FIRST_WAIT_MS = 5
const LONGEST_WAIT_MS = 200
/** What is left of a call's time is for the answer "not applied", which tells more than a deadline that passed. */
const SHARE_OF_CALL = 0.8

/**
 * A view of a node-redis cluster client that waits while a slot moves from node to node: the nodes answer TRYAGAIN to a command with several keys
 * until all of them lie on one, and this library hands that to its caller. Other answers, and everything else about the client, stay as they are.
 *
 * @param callMs - how long a call may take, in milliseconds; waiting ends at four fifths of it
 */
export function waitingForSlots(client: NodeRedisLike & NodeRedisFeatures, callMs: number): NodeRedisLike & NodeRedisFeatures {
  const stops = new Map<unknown, () => void>()
  return {
    get isOpen() {
      return client.isOpen ?? true
    },
    get masters() {
      return client.masters ?? []
    },
    get slots() {
      return client.slots ?? []
    },
    nodeClient: async (node) => {
      const nodeClient = await client.nodeClient?.(node)
      if (nodeClient === undefined) throw new TypeError("no client for this node")
      return nodeClient
    },
    on: (event, listener) => void stops.set(listener, listenTo(client, event, listener)),
    removeListener: (_event, listener) => stops.get(listener)?.(),
    withTypeMapping: (...args) => client.withTypeMapping(...args),
    sendCommand: (key: string | undefined, readOnly: boolean, args: readonly string[], options: NodeRedisCommandOptions) =>
      whileSlotMoves(() => client.sendCommand(key, readOnly, args, options), options.abortSignal, callMs * SHARE_OF_CALL),
  }
}

async function whileSlotMoves<T>(send: () => Promise<T>, signal: AbortSignal, longestMs: number): Promise<T> {
  const end = performance.now() + longestMs
  for (let longest = FIRST_WAIT_MS; ; longest = Math.min(2 * longest, LONGEST_WAIT_MS)) {
    try {
      return await send()
    } catch (error) {
      const wait = longest / 2 + (Math.random() * longest) / 2
      if (!isRefusedWhole(error) || signal.aborted || performance.now() + wait > end) throw error
      await pause(wait)
      if (signal.aborted) throw error
    }
  }
}

/** An answer that names a script came out of its middle, after it may have written. */
function isRefusedWhole(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("TRYAGAIN") && !/\bscript: /.test(error.message)
}
