import { createSessionService } from "../../exports/index.js"
import { type ConformanceSetup, createFakeClock, type ProviderTraits, type ServiceUnderTest } from "../../exports/testing.js"

/** Each store is a service of its own. @param change puts something between the test and the service */
export function memorySetup(change: (service: ServiceUnderTest) => ServiceUnderTest = (service) => service): ConformanceSetup {
  return async (options) => {
    const clock = createFakeClock()
    const service = change(await createSessionService({ store: "memory:", clock, ...options }))
    return { service, advance: async (by) => clock.advance(by), close: () => service.close() }
  }
}

export const MEMORY_TRAITS: ProviderTraits = {
  lacks: { another: "each memory store belongs to one service", corrupt: "records never leave the process" },
}
