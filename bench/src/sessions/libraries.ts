import { mixed, mixedParts } from "./mixed.js"
import { openRaw } from "./open-raw.js"
import type { SessionRows } from "./session-case.js"
import type { ClientSettings, Library, SessionSettings } from "./session-settings.js"

type Opened = (settings: SessionSettings) => Promise<SessionRows>

const LIBRARIES: Readonly<Record<Library, Opened>> = {
  raw: onClient(async (settings) => (await import("./raw-commands.js")).rawCommands(settings)),
  coatcheck: onClient(async (settings) => (await import("./ours.js")).oursOn(settings)),
  "coatcheck with its near-cache": onClient(async (settings) => (await import("../near-cache/our-hits.js")).ourHits(settings)),
  "coatcheck at an address": async (settings) => (await import("./at-address.js")).atAddress(settings),
  "raw at an address": async (settings) => (await import("./raw-at-address.js")).rawAtAddress(settings),
  "the least": onClient(async (settings) => (await import("./the-least.js")).theLeast(settings)),
  "plain design": onClient(async (settings) => (await import("./plain-design.js")).plainDesign(settings)),
  "connect-redis": onClient(async (settings) => (await import("./connect-redis.js")).connectRedis(settings)),
  "redis-sessions": async (settings) => (await import("./redis-sessions.js")).redisSessions(settings),
  "redis-sessions with its cache": async (settings) => (await import("./redis-sessions.js")).cachedRedisSessions(settings),
  "node-redis with its cache": async (settings) => (await import("../near-cache/cached-get.js")).cachedGet(settings),
  "better-auth": async (settings) => (await import("./better-auth.js")).betterAuth(settings),
  "iron-session": async (settings) => (await import("./iron-session.js")).ironSession(settings),
  Map: async (settings) => (await import("./at-address.js")).mapOf(settings),
}

/** Opens one of them, and loads no other. */
export async function openLibrary(settings: SessionSettings): Promise<SessionRows> {
  const rows = await LIBRARIES[settings.library](settings)
  const parts = mixedParts(rows)
  return parts === null ? rows : { ...rows, mixed: { name: "mixed", work: mixed(parts) } }
}

function onClient(open: (settings: ClientSettings) => Promise<SessionRows>): Opened {
  return async (settings) => open({ ...settings, raw: await openRaw(settings.client, settings.url) })
}
