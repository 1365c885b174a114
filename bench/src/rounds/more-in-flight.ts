import { besideBaseline, type Compared, type Contender, type RoundSettings } from "./beside-baseline.js"

/** Rows with so many in flight, the baseline first. */
export interface InFlightFigures {
  readonly inFlight: number
  readonly rows: readonly Compared[]
}

/**
 * Slices: code that runs for the first time is not compiled yet; later only others are in flight. The baseline runs between all others, so it is warm soon; so
 * many that these are, too, and at first with the most in flight, which brings the most calls.
 */
const WARM_UPS = { quick: { first: 2, further: 1 }, full: { first: 24, further: 4 } }

/** Measures contenders beside their baseline with each number of calls in flight. */
export async function withMoreInFlight(
  baseline: Contender,
  contenders: readonly Contender[],
  counts: readonly number[],
  settings: Omit<RoundSettings, "inFlight" | "warmUps"> & { readonly quick: boolean },
): Promise<readonly InFlightFigures[]> {
  const { first, further } = settings.quick ? WARM_UPS.quick : WARM_UPS.full
  const measured: InFlightFigures[] = []
  for (const inFlight of counts) {
    const warmUps = measured.length === 0 ? { slices: first, inFlight: Math.max(...counts) } : { slices: further, inFlight }
    const onProgress = (text: string): void => settings.onProgress(`${inFlight} in flight: ${text}`)
    measured.push({ inFlight, rows: await besideBaseline(baseline, contenders, { ...settings, inFlight, warmUps, onProgress }) })
  }
  return measured
}
