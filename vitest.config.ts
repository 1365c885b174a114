import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    globalSetup: "src/__tests__/support/global-setup.ts",
    include: ["src/__tests__/**/*.test.ts", "service/src/__tests__/**/*.test.ts", "reliability/src/__tests__/**/*.test.ts", "bench/src/__tests__/**/*.test.ts"],
    pool: "forks",
    // More than a small machine has cores: many tests wait most of their time.
    maxWorkers: 3,
    // Bounds for what hangs, not for speed: the slowest machine that runs the tests must pass them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    allowOnly: false,
    restoreMocks: true,
  },
})
