import type { Member, SessionScripts } from "../scripts/session-scripts.js"

/**
 * Goes through a user's list, the oldest first, up to a score; a page of members at a time, while the next one is read.
 *
 * @param size - members of a page: others are served in between
 * @param first - the first page, where it was read already
 */
export async function* walkList(
  scripts: SessionScripts,
  index: string,
  to: string,
  size: number,
  options: { readonly signal?: AbortSignal | undefined },
  first?: readonly Member[],
): AsyncGenerator<readonly string[]> {
  const read = (seen: Member | undefined): Promise<readonly Member[]> =>
    scripts.page(index, { order: "FWD", from: seen === undefined ? "-inf" : String(seen.score), to, count: size }, options)
  let seen: Member | undefined
  let reading = first === undefined ? read(seen) : Promise.resolve(first)
  for (;;) {
    const page = await reading
    const before = seen
    // After a repair several members may have one score, so a page begins at the last one's, and what was seen is left out.
    const fresh = before === undefined ? page : page.filter(({ id, score }) => score > before.score || id > before.id)
    seen = fresh.at(-1)
    if (seen === undefined) return
    const isLast = page.length < size
    if (!isLast) {
      reading = read(seen)
      // Its failure is that of the next step, if there is one.
      reading.catch(() => undefined)
    }
    yield fresh.map(({ id }) => id)
    if (isLast) return
  }
}
