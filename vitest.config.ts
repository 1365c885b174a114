import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    globalSetup: "src/__tests__/support/global-setup.ts",
    include: ["src/__tests__/**/*.test.ts", "service/src/__tests__/**/*.test.ts", "reliability/src/__tests__/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    allowOnly: false,
    restoreMocks: true,
  },
})
