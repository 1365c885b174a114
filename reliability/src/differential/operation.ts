import type { Contents } from "./contents.js"

/** A script or a plain command, by its name. */
export interface Call {
  readonly name: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** Something that lies under a key though no script put it there. */
export interface Planted {
  readonly key: string
  readonly contents: Contents
}

export type Operation = Call | Planted

/** Operations on a few keys, made up one by one from what lies under them. */
export interface World {
  /** Looked at after every operation. */
  readonly keys: readonly string[]
  /** What is there before the first operation. */
  readonly planted: readonly Planted[]
  /** How many operations it is good for. */
  readonly length: number
  next(): Operation
  /** Told the reply to the operation that was made last. */
  answered?(reply: unknown): void
}

export function isPlanted(operation: Operation): operation is Planted {
  return "contents" in operation
}

export const PLAIN_COMMANDS = ["get", "mget", "unlink"] as const
