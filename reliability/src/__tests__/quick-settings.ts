import type { LayerSettings } from "../layer.js"

/** What a layer is given that is run by itself, briefly. */
export function quickSettings(seed: number): LayerSettings {
  return {
    seed,
    scale: "quick",
    mode: "without near-cache",
    nearBriefly: false,
    signal: new AbortController().signal,
    rows: [],
    onProgress: () => undefined,
  }
}
