import { describe, it } from "vitest"
import { describeSessionService } from "../../exports/testing.js"
import { MEMORY_TRAITS, memorySetup } from "../support/memory-store.js"

describeSessionService({ describe, it }, "memory", memorySetup(), MEMORY_TRAITS)
