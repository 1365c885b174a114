/** Seeds under which the simulation once found a mistake of the library, which was corrected. They are run first. */
export const REGRESSION_SEEDS: readonly number[] = []
