/** Seeds under which the simulation once found a mistake of the library, which was corrected. They are run first. */
export const REGRESSION_SEEDS: readonly number[] = [
  // A creation whose reply was lost was begun anew when its second copy came too late, and brought a session back that had made room meanwhile.
  20265636,
]
