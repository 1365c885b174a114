import type { SessionEvent } from "coatcheck"
import { createContainer, DI_TOKENS } from "coatcheck/container"
import type { RateLimitEvent } from "coatcheck/rate-limit"
import type { Logger } from "pino"
import type { ApiKeys } from "./http/api-keys.js"
import { type AppDependencies, createApp } from "./http/app.js"
import { type DroppedLines, Metrics } from "./http/metrics.js"
import { refusalLog } from "./http/request-log.js"
import { StoreHealth } from "./http/store-health.js"
import type { Settings } from "./settings.js"

/** What the container is given; it makes the rest. */
export interface ContainerInput {
  readonly settings: Settings
  readonly keys: ApiKeys
  readonly logger: Logger
  /** Where the logger's lines go. */
  readonly logs: DroppedLines
  readonly version: string
}

/**
 * Opens the store and puts the service together, in a child of the library's container.
 *
 * @throws ERR_CONFIG_INVALID · ERR_STORE_…
 */
export async function createServiceContainer({ settings, keys, logger, logs, version }: ContainerInput) {
  const { store, rateLimits, strict } = settings
  const metrics = new Metrics(rateLimits, logs)
  metrics.watchProcess()
  const onEvent = (event: SessionEvent) => {
    metrics.sessionEvent(event)
    report(logger, event)
  }
  const onRateLimitEvent = (event: RateLimitEvent) => {
    metrics.rateLimitEvent(event)
    logger.debug(event, `rate limit ${event.type}`)
  }
  const library = await createContainer({ store: store.url, ...settings.sessions, rateLimits, strict, logger, onEvent, onRateLimitEvent })
  const injector = library.injector
    .createChildInjector()
    .provideValue("keys", keys)
    .provideValue("logger", logger)
    .provideValue("bodyLimit", settings.bodyLimit)
    .provideValue("version", version)
    .provideValue("metrics", metrics)
    .provideFactory("health", healthFactory)
    .provideFactory("app", appFactory)
  return {
    health: injector.resolve("health"),
    sessions: injector.resolve(DI_TOKENS.SESSION_SERVICE),
    app: injector.resolve("app"),
    onRefused: refusalLog(logger, metrics),
    close: () => library.close(),
  }
}

healthFactory.inject = [DI_TOKENS.SESSION_SERVICE, "logger"] as const
function healthFactory(sessions: ConstructorParameters<typeof StoreHealth>[0], logger: Logger): StoreHealth {
  return new StoreHealth(sessions, logger)
}

appFactory.inject = [DI_TOKENS.SESSION_SERVICE, DI_TOKENS.RATE_LIMITING_SERVICE, "health", "metrics", "keys", "logger", "bodyLimit", "version"] as const
function appFactory(
  sessions: AppDependencies["sessions"],
  limits: AppDependencies["limits"],
  health: StoreHealth,
  metrics: Metrics,
  keys: ApiKeys,
  logger: Logger,
  bodyLimit: number,
  version: string,
): ReturnType<typeof createApp> {
  return createApp({ sessions, limits, health, metrics, keys, logger, bodyLimit, version })
}

/** Events name handles, never tokens. Signs of an attack or a broken record are warnings, the daily life of sessions is detail. */
function report(logger: Logger, event: SessionEvent): void {
  const isAlarming = event.type === "wrong-secret" || event.type === "corrupt" || event.type === "touch-failed"
  logger[isAlarming ? "warn" : "debug"](event, `session ${event.type}`)
}
