/** @returns a function that tells the highest value of all entries whose time is before a given one; 0 when there is none */
export function prefixMaximum(entries: readonly { readonly at: number; readonly value: number }[]): (before: number) => number {
  const sorted = [...entries].sort((a, b) => a.at - b.at)
  const highest: number[] = []
  for (const { value } of sorted) highest.push(Math.max(value, highest.at(-1) ?? 0))
  return (before) => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle]?.at ?? 0) < before) low = middle + 1
      else high = middle
    }
    return highest[low - 1] ?? 0
  }
}
