/** Whether services on Redis are tested with their near-cache on: `COATCHECK_NEAR_CACHE=1`. Where a test does not say itself. */
export const NEAR_CACHE_MODE = { nearCache: process.env.COATCHECK_NEAR_CACHE === "1" } as const
