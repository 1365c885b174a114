import type { SendCommandFn } from "rate-limit-redis"
import { openRaw } from "../sessions/open-raw.js"
import { type Keys, keyAt, keysOf } from "./keys.js"
import type { LimitCase } from "./limit-case.js"
import type { LimitLibrary, LimitSettings } from "./limit-settings.js"

const LIBRARIES: Readonly<Record<LimitLibrary, (settings: LimitSettings, keys: Keys) => Promise<readonly LimitCase[]>>> = {
  raw: async ({ client, url }, keys) => {
    const raw = await openRaw(client, url)
    return [{ name: "raw INCR", work: { call: (at) => raw.incr(`raw:${keyAt(keys, at)}`) } }]
  },
  coatcheck: async ({ client, url }, keys) => (await import("./ours.js")).oursOn(await openRaw(client, url), keys),
  "coatcheck at an address": async ({ url }, keys) => (await import("./ours.js")).oursAt(url, keys),
  "rate-limiter-flexible": async ({ client, url }, keys) => (await import("./flexible.js")).flexibleOn(await openRaw(client, url), keys),
  "rate-limiter-flexible in memory": async (_, keys) => (await import("./flexible.js")).flexibleInMemory(keys),
  "rate-limit-redis": async ({ client, url }, keys) => {
    const raw = await openRaw(client, url)
    return [(await import("./express-store.js")).expressStoreOn(raw.send as SendCommandFn, keys)]
  },
}

/** Opens one of them, and loads no other. */
export async function openLibrary(settings: LimitSettings): Promise<Readonly<Record<string, LimitCase>>> {
  const cases = await LIBRARIES[settings.library](settings, keysOf(settings.keys))
  return Object.fromEntries(cases.map((one) => [one.name, one]))
}
