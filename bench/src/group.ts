export interface GroupSettings {
  readonly rounds: number
  readonly quick: boolean
  /** Only rows whose names have this in them; `""`: all. */
  readonly only: string
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
}

export interface GroupReport {
  /** Markdown, for people. */
  readonly text: string
  /** The same, for programs. */
  readonly figures: unknown
}

/** What is measured together, and can be asked for by name. */
export interface Group {
  readonly about: string
  run(settings: GroupSettings): Promise<GroupReport>
}
