export interface Sample {
  /** In hours. */
  readonly at: number
  readonly value: number
}

/** How much a value grows in an hour: the slope of the line with the least squares; 0 of fewer than two samples. */
export function growthAnHour(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  if (samples.length < 2) return 0
  const [at, value] = [mean((sample) => sample.at), mean((sample) => sample.value)]
  const spread = samples.reduce((sum, sample) => sum + (sample.at - at) ** 2, 0)
  return spread === 0 ? 0 : samples.reduce((sum, sample) => sum + (sample.at - at) * (sample.value - value), 0) / spread
}

/** What is left after the first quarter, in which a process warms up. */
export function afterWarmUp<T>(samples: readonly T[]): readonly T[] {
  return samples.slice(Math.floor(samples.length / 4))
}
