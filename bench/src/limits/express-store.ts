import type { Options } from "express-rate-limit"
import { RedisStore, type SendCommandFn } from "rate-limit-redis"
import { type Keys, keyAt } from "./keys.js"
import type { LimitCase } from "./limit-case.js"

/** The store of express-rate-limit does the same whether the request is allowed or denied afterwards. */
export function expressStoreOn(sendCommand: SendCommandFn, keys: Keys): LimitCase {
  const store = new RedisStore({ sendCommand, prefix: "express:" })
  return {
    name: "rate-limit-redis, increment",
    work: {
      // Of the options it reads the window alone.
      prepare: async () => store.init({ windowMs: 60_000 } as Options),
      call: (at) => store.increment(keyAt(keys, at)),
      isRight: ({ totalHits }: { readonly totalHits: number }) => totalHits > 0,
    },
  }
}
