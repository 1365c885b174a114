import type { Keyspace } from "./Keyspace.js"

/** A reply as the protocol carries it. */
export type Reply = string | number | null | readonly Reply[]

/** What a script of `lua/` does, said once more. `names` are its keys, `args` its arguments, both counted from 0. */
export type ScriptFunction = (keys: Keyspace, names: readonly string[], args: readonly string[]) => Reply
