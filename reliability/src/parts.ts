import type { CommandLine } from "./command-line.js"
import { isEverything, type Layer } from "./layers.js"
import { NEAR_MODES, type NearMode, WITHOUT_NEAR_CACHE } from "./near/near-mode.js"

/** One layer in one mode. */
export interface Part {
  readonly layer: Layer
  readonly mode: NearMode
}

/** What a run does, one after the other: all that was asked for without near-cache, then with it what differs by it. */
export function partsOf({ layers, modes }: Pick<CommandLine, "layers" | "modes">): readonly Part[] {
  return modes.flatMap((mode) => layers.filter((layer) => mode === WITHOUT_NEAR_CACHE || layer.inBothModes === true).map((layer) => ({ layer, mode })))
}

/** Whether a quick run leaves what takes long with a near-cache to the full run: where nothing was asked for by its name. */
export function isNearBrief({ scale, layers, modes, rows }: Pick<CommandLine, "scale" | "layers" | "modes" | "rows">): boolean {
  return scale === "quick" && modes.length === NEAR_MODES.length && rows.length === 0 && isEverything(layers)
}
