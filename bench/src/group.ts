export interface GroupSettings {
  readonly rounds: number
  readonly quick: boolean
  /** Only rows whose names have this in them; `""`: all. */
  readonly only: string
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
  /** Takes what is measured as soon as it is, in Markdown. */
  readonly onText: (text: string) => void
}

/** What is measured together, and can be asked for by name. */
export interface Group {
  readonly about: string
  /** @returns the figures, for programs */
  run(settings: GroupSettings): Promise<unknown>
}
