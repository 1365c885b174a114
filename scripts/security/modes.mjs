// Without and with a near-cache in every service on Redis: what is shown must be shown in both.
const WITHOUT_NEAR_CACHE = "without near-cache"
const WITH_NEAR_CACHE = "with near-cache"

/** Which modes a command line asks for, one after the other: both, unless it names one. */
export function modesOf({ "near-cache": near, "no-near-cache": noNear }) {
  if (near && noNear) throw new RangeError("Expected one of --near-cache and --no-near-cache, got both: leave both out for a run in both modes")
  return near ? [WITH_NEAR_CACHE] : noNear ? [WITHOUT_NEAR_CACHE] : [WITHOUT_NEAR_CACHE, WITH_NEAR_CACHE]
}

/** The environment in which tests run in a mode, whatever it was set to before. */
export function environmentOf(mode, { COATCHECK_NEAR_CACHE: _before, ...others }) {
  return mode === WITH_NEAR_CACHE ? { ...others, COATCHECK_NEAR_CACHE: "1" } : others
}
