import { createSessionService, type SessionEvent } from "coatcheck"
import type { Logger } from "pino"
import { createInjector } from "typed-inject"
import type { ApiKeys } from "./http/api-keys.js"
import { createApp } from "./http/app.js"
import type { Settings } from "./settings.js"

/** What the container is given; it makes the rest. */
export interface ContainerInput {
  readonly settings: Settings
  readonly keys: ApiKeys
  readonly logger: Logger
  readonly version: string
}

/**
 * Opens the store and puts the service together.
 *
 * @throws ERR_CONFIG_INVALID · ERR_STORE_…
 */
export async function createServiceContainer({ settings, keys, logger, version }: ContainerInput) {
  const sessions = await createSessionService({ store: settings.store.url, ...settings.sessions, logger, onEvent: (event) => report(logger, event) })
  const injector = createInjector()
    .provideValue("sessions", sessions)
    .provideValue("keys", keys)
    .provideValue("logger", logger)
    .provideValue("bodyLimit", settings.bodyLimit)
    .provideValue("version", version)
    .provideFactory("app", appFactory)
  return { sessions, app: injector.resolve("app"), close: () => sessions.close() }
}

appFactory.inject = ["sessions", "keys", "logger", "bodyLimit", "version"] as const
function appFactory(...[sessions, keys, logger, bodyLimit, version]: Parts): ReturnType<typeof createApp> {
  return createApp({ sessions, keys, logger, bodyLimit, version })
}
type Dependencies = Parameters<typeof createApp>[0]
type Parts = [Dependencies["sessions"], ApiKeys, Logger, number, string]

/** Events name handles, never tokens. Signs of an attack or a broken record are warnings, the daily life of sessions is detail. */
function report(logger: Logger, event: SessionEvent): void {
  const isAlarming = event.type === "wrong-secret" || event.type === "corrupt" || event.type === "touch-failed"
  logger[isAlarming ? "warn" : "debug"](event, `session ${event.type}`)
}
