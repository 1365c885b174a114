/** Whole numbers below a bound, the same ones for the same seed. */
export type Random = (below: number) => number

/** A small generator (a multiplied and mixed counter): good enough to choose calls by, and to choose them again. */
export function randomFrom(seed: number): Random {
  let counter = seed >>> 0
  return (below) => {
    counter = (counter + 0x9e3779b9) >>> 0
    let mixed = Math.imul(counter ^ (counter >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * below)
  }
}

/** Chooses by weight. */
export function choose<T>(random: Random, weighted: readonly (readonly [number, T])[]): T {
  let left = random(weighted.reduce((sum, [weight]) => sum + weight, 0))
  for (const [weight, choice] of weighted) {
    left -= weight
    if (left < 0) return choice
  }
  throw new RangeError("Expected at least one choice with a weight, got none")
}

/** One of several, or `undefined` of none. */
export function oneOf<T>(random: Random, all: readonly T[]): T | undefined {
  return all[random(all.length)]
}
