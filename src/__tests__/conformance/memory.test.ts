import { describe, it } from "vitest"
import { createSessionService } from "../../exports/index.js"
import { createFakeClock, describeSessionService } from "../../exports/testing.js"

describeSessionService(
  { describe, it },
  "memory",
  async (options) => {
    const clock = createFakeClock()
    const service = await createSessionService({ store: "memory:", clock, ...options })
    return { service, advance: async (by) => clock.advance(by), close: () => service.close() }
  },
  {
    lacks: {
      another: "each memory store belongs to one service",
      corrupt: "records never leave the process",
    },
  },
)
