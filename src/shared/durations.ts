import ms from "ms"
import { expected } from "./assertions.js"

/** A whole number of seconds, or text that names its unit: `"500ms"`, `"30m"`, `"1.5h"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`

const WITH_UNIT = /^\d{1,15}(?:\.\d{1,6})?(?:ms|s|m|h|d)$/

/**
 * Turns a duration into whole milliseconds.
 *
 * Text without a unit is refused: `"10"` read as milliseconds by one library and as seconds by the next has ended sessions early.
 *
 * @param name - how the caller knows the value; stands in the error
 * @param range - smallest and largest allowed value in milliseconds
 * @throws ERR_INVALID_ARGUMENT
 */
export function toMilliseconds(value: unknown, name: string, range: { readonly min: number; readonly max: number }): number {
  const given = typeof value === "number" ? (Number.isInteger(value) ? value * 1000 : Number.NaN) : parse(value)
  if (Number.isInteger(given) && given >= range.min && given <= range.max) return given
  throw expected(name, `a duration from ${ms(range.min)} to ${ms(range.max)}, as whole seconds or as text with its unit ("500ms", "30m", "12h", "14d")`, value)
}

function parse(value: unknown): number {
  if (typeof value !== "string" || !WITH_UNIT.test(value)) return Number.NaN
  const given = ms(value as ms.StringValue)
  // 1.1 hours are no whole number of milliseconds by floating-point arithmetic.
  return Math.abs(given - Math.round(given)) < 1e-3 ? Math.round(given) : given
}
