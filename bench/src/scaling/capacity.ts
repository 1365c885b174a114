/** Processor time of one request, in microseconds. */
export interface Costs {
  /** In the process that answers. */
  readonly process: number
  /** In the store's node. */
  readonly node: number
}

export interface Setup {
  /** Of the application; each has one thread that counts. */
  readonly processes: number
  /** Primaries of the store; each has one thread that counts. */
  readonly nodes: number
  /** Of the machine that all of them share; `Infinity` where each has one of its own. */
  readonly cores: number
}

export type Bound = "processes" | "nodes" | "cores"

export interface Ceiling {
  /** Requests a second. */
  readonly rate: number
  /** What is used up first. */
  readonly bound: Bound
}

const MICROS = 1_000_000

/** How many requests a setup answers if processor time is all that limits it: nobody waits for anybody. */
export function ceilingOf({ processes, nodes, cores }: Setup, { process, node }: Costs): Ceiling {
  const ceilings: readonly Ceiling[] = [
    { bound: "processes", rate: (processes * MICROS) / process },
    { bound: "nodes", rate: (nodes * MICROS) / node },
    { bound: "cores", rate: (cores * MICROS) / (process + node) },
  ]
  return ceilings.reduce((least, one) => (one.rate < least.rate ? one : least))
}

/** What a node is taken to be. */
export interface NodeSize {
  readonly memoryBytes: number
  /** Of its memory; the rest is for buffers, replicas and copies while it saves. */
  readonly usableMemory: number
  /** Of its processor; the rest is for writes, touches, peaks and the time after a failover. */
  readonly usableProcessor: number
}

export const NODE: NodeSize = { memoryBytes: 16 * 2 ** 30, usableMemory: 0.6, usableProcessor: 0.5 }

export interface Capacity {
  readonly nodes: number
  /** That are stored at once. */
  readonly sessions: number
  /** Authenticated requests a second. */
  readonly rate: number
  /** Of the application, that ask so much. */
  readonly processes: number
}

/**
 * What a cluster of so many primaries carries, where users are spread evenly over its slots.
 *
 * @param efficiency of a process: what was measured, of its ceiling
 */
export function capacityOf(
  nodes: number,
  { costs, sessionBytes, efficiency }: { costs: Costs; sessionBytes: number; efficiency: number },
  size = NODE,
): Capacity {
  const rate = (nodes * size.usableProcessor * MICROS) / costs.node
  const ofOneProcess = (efficiency * MICROS) / costs.process
  return { nodes, sessions: Math.floor((nodes * size.usableMemory * size.memoryBytes) / sessionBytes), rate, processes: Math.ceil(rate / ofOneProcess) }
}
