import type { SessionEvent } from "../../domain/interfaces/ports.js"
import type { OwnedSessionService, SessionAttributes, SessionId } from "../../domain/interfaces/session/ISessionService.js"
import type { Duration } from "../../shared/durations.js"

/** The two functions of a test runner that the suite needs: vitest's and `node:test`'s both fit. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
}

/** The service under test. */
export type ServiceUnderTest = OwnedSessionService<SessionAttributes, SessionAttributes>

/** Options of the service that a test asks for: hand them on to `createSessionService` as they are, beside the store. */
export interface RequestedOptions {
  readonly idleTimeout?: Duration | undefined
  readonly absoluteTimeout?: Duration | undefined
  readonly touchInterval?: Duration | undefined
  readonly maxSessionsPerUser?: number | "unlimited" | undefined
  readonly onLimit?: "evict-oldest" | "reject" | undefined
  /** A Standard Schema. `any`, so that the options fit `createSessionService` with and without one. */
  // biome-ignore lint/suspicious/noExplicitAny: a schema's own types would change the type of the service from test to test
  readonly schema?: any
  readonly schemaVersion?: number | undefined
  readonly upgrade?: ((stored: unknown, fromVersion: number) => unknown) | undefined
  /** Begins every key. Tests that ask for it open two services on one store; put the store's own prefix before it. */
  readonly keyPrefix?: string | undefined
  readonly secrets?: readonly string[] | undefined
  readonly onEvent?: ((event: SessionEvent) => void) | undefined
  readonly logger?: { warn(fields: object, message: string): void } | undefined
  /** The deadline of each call. */
  readonly timeout?: Duration | undefined
}

/**
 * How a stored record is damaged.
 *
 * - `garbage`: the whole record is replaced by something that is none.
 * - `body`: what the caller wrote is changed, what the service keeps for itself is intact.
 * - `future-layout`: the record says that a later version of the library wrote it.
 */
export type Corruption = "garbage" | "body" | "future-layout"

/** A service on an empty store, and what a test may do to that store. */
export interface StoreUnderTest {
  readonly service: ServiceUnderTest
  /** Moves the store's clock, or waits that long; without a fake clock it is always text in milliseconds, such as "40ms". */
  advance(by: Duration): Promise<void>
  /** Opens one more service on the same store, as a second process would; the suite closes it. */
  another?(options: RequestedOptions): Promise<ServiceUnderTest>
  /** Damages the stored record of a session. */
  corrupt?(sessionId: SessionId, how: Corruption): Promise<void>
  /** Ends the service, if the test has not, and removes the store. */
  close(): Promise<void>
}

/** Opens a service with these options on a store that no other test uses; tests may run side by side. */
export type ConformanceSetup = (options: RequestedOptions) => Promise<StoreUnderTest>

/** What a provider may lack. */
export type Capability = "another" | "corrupt" | "fakeClock"

export interface ProviderTraits {
  /** Why something cannot be tried on this provider. It is listed in the output, with the names of the tests that do not run. */
  readonly lacks?: Readonly<Partial<Record<Capability, string>>> | undefined
  /**
   * Length of a tenth of the idle timeout in tests of time, in milliseconds: 180 000 (an idle timeout of half an hour) by default.
   * Without a fake clock the tests really wait: 30 to 60 keeps them short.
   */
  readonly timeUnitMs?: number | undefined
}
