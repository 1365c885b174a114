import type { LayerReport, LayerSettings } from "../layer.js"
export interface SoakSettings extends LayerSettings {
  readonly soakMinutes: number
}
export async function runSoak(_settings: SoakSettings): Promise<LayerReport> {
  return []
}
