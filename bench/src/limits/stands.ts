import { join } from "node:path"
import type { ClientName } from "../targets/targets.js"
import type { LimitLibrary, LimitSettings } from "./limit-settings.js"

/** The stand whose decisions no server makes. */
export const HERE = "without a server"

/** What is measured side by side: the raw command of one client, and what counts over that client, or in its process. */
export const STANDS: Readonly<Record<string, (url: string, keys: number, folder: string) => readonly LimitSettings[]>> = {
  "node-redis": (url, keys) => over("node-redis", url, keys),
  ioredis: (url, keys) => over("ioredis", url, keys),
  [HERE]: (url, keys, folder) => {
    const of = (library: LimitLibrary, at = url): LimitSettings => ({ library, client: "node-redis", url: at, keys })
    const ours = (at: string) => of("coatcheck at an address", at)
    return [of("raw"), ours("memory:"), ours(`sqlite:${join(folder, `limits-${keys}.db`)}`), of("rate-limiter-flexible in memory")]
  },
}

function over(client: ClientName, url: string, keys: number): readonly LimitSettings[] {
  return (["raw", "coatcheck", "rate-limiter-flexible", "rate-limit-redis"] as const).map((library) => ({ library, client, url, keys }))
}
