import { join } from "node:path"
import type { GroupSettings } from "../group.js"
import { temporaryFolder } from "../processes/temporary-folder.js"
import { startAll, type ToldRows } from "./boards.js"
import { measureBoards, type SliceSize } from "./measured-boards.js"
import type { Board } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"
import type { MeasuredBoard } from "./session-table.js"
import type { Stand } from "./stand.js"

/** What this is told under. */
export const EMBEDDED = "without a server"

/** Sessions in a process and in a file, beside a map. */
export async function measureEmbedded(
  boardsOf: (rows: readonly ToldRows[]) => readonly Board[],
  { meter, settingsOf }: Stand,
  settings: GroupSettings & SliceSize,
): Promise<readonly MeasuredBoard[]> {
  await using folder = await temporaryFolder()
  const bare = settingsOf("Map", "node-redis")
  const at = (url: string): SessionSettings => ({ ...bare, library: "coatcheck at an address", url })
  await using subjects = await startAll([bare, at("memory:"), at(`sqlite:${join(folder.path, "sessions.db")}`)], settings.signal)
  return await measureBoards(boardsOf(subjects.rows), meter, settings)
}
