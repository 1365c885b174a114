import type { LimitSettings } from "../limits/limit-settings.js"
import type { SessionSettings } from "../sessions/session-settings.js"
import type { SliceSettings, Work } from "./slice.js"

/** What a process measures; everything but the work is told to the program that asks. */
export interface Row {
  readonly name: string
  readonly work: Work
}

/** What a process is to hold. */
export type Opening = { readonly group: "sessions"; readonly settings: SessionSettings } | { readonly group: "limits"; readonly settings: LimitSettings }

/** What a process is asked: its rows by their keys, or to do with one of them what `Sliced` says. */
export type Question = { readonly open: Opening } | { readonly refill: string } | { readonly measure: string; readonly slice: SliceSettings }
