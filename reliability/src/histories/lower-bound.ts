/** @returns the first of `length` places that is far enough, or `length`; every place after one that is far enough must be so too */
export function lowerBound(length: number, isFarEnough: (place: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isFarEnough(middle)) high = middle
    else low = middle + 1
  }
  return low
}
