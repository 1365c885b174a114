import type { BoardSettings } from "./raw-boards.js"
import { casesOf, rowsOn } from "./rows.js"
import type { Board, SessionRows } from "./session-case.js"

/** What takes long is not measured with more. */
const ALONE_AND_MANY = [1, 64]

/** All rows on one client, each beside its raw command. */
export async function boardsOn(settings: BoardSettings, peers: readonly SessionRows[]): Promise<{ readonly boards: readonly Board[]; close(): Promise<void> }> {
  const { raw, ours, otherReads, others, close } = await rowsOn(settings)
  const beside = (kind: keyof SessionRows) => casesOf([...others, ...peers], kind)
  const boards: readonly Board[] = [
    { baseline: raw.get, cases: [ours.read, ...otherReads, ...beside("read")] },
    { baseline: raw.set, cases: [ours.create, ...beside("create")] },
    { baseline: raw.getThenSet, cases: [ours.update, ...beside("update")] },
    { baseline: raw.mget, cases: [ours.list], inFlight: ALONE_AND_MANY },
    // Last, since what deleting leaves to be tidied is tidied seconds later, beside whatever runs then.
    { baseline: raw.del, cases: [ours.end, ...beside("end")], inFlight: ALONE_AND_MANY },
    { baseline: raw.delMany, cases: [ours.endAll], inFlight: ALONE_AND_MANY },
  ]
  return { boards, close }
}
