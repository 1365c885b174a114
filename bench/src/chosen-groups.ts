import type { Group } from "./group.js"

type Groups = Readonly<Record<string, Group>>

/**
 * The groups of these names in their order, all without a name. With rows to be chosen those that are measured as a whole are left out.
 *
 * @throws RangeError for a name that no group has, and where rows of a group are asked for that is measured as a whole
 */
export function chosenGroups(all: Groups, names: readonly string[], only: string): readonly (readonly [string, Group])[] {
  const unknown = names.find((name) => !Object.hasOwn(all, name))
  if (unknown !== undefined) throw new RangeError(`Expected a group to be one of ${Object.keys(all).join(", ")}, got ${unknown}`)
  const whole = only === "" ? [] : namesOfWhole(all)
  const named = names.find((name) => whole.includes(name))
  if (named !== undefined) throw new RangeError(`Expected --only without ${named}, which is measured as a whole, as are ${whole.join(", ")}`)
  return Object.entries(all).filter(([name]) => !whole.includes(name) && (names.length === 0 || names.includes(name)))
}

export function namesOfWhole(all: Groups): readonly string[] {
  return Object.entries(all).flatMap(([name, { isWhole }]) => (isWhole ? [name] : []))
}
