import { readdirSync } from "node:fs"
import { describe, vi } from "vitest"

// All races of this folder once more, with the near-cache on in every service on Redis.

const RACES = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => name.slice(0, -".test.ts".length))
  .filter((name) => name !== "near-cache")

vi.stubEnv("COATCHECK_NEAR_CACHE", "1")

describe.each(RACES)("with the near-cache on, %s", async (name) => {
  await import(`./${name}.test.ts`)
})
