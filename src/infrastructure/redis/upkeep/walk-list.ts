import type { SessionScripts } from "../scripts/session-scripts.js"

/** Members for each step: others are served in between. */
const PAGE = 500

/** Goes through a user's list, the oldest first, up to a score; a page of members at a time. */
export async function* walkList(
  scripts: SessionScripts,
  index: string,
  to: string,
  options: { readonly signal?: AbortSignal | undefined },
): AsyncGenerator<readonly string[]> {
  let last: { readonly id: string; readonly score: number } | undefined
  for (;;) {
    const seen = last
    const page = await scripts.page(index, { order: "FWD", from: seen === undefined ? "-inf" : String(seen.score), to, count: PAGE }, options)
    // After a repair several members may have one score, so a page begins at the last one's, and what was seen is left out.
    const fresh = seen === undefined ? page : page.filter(({ id, score }) => score > seen.score || id > seen.id)
    last = fresh.at(-1)
    if (last === undefined) return
    yield fresh.map(({ id }) => id)
    if (page.length < PAGE) return
  }
}
