/** One call of W7. Times are milliseconds by the one clock that all processes of a machine have. */
export interface NearLine {
  readonly process: number
  /** `end`: all secrets of the session cease to work; `replace`: this one does; `change`: the session has a new version. */
  readonly op: "read" | "end" | "replace" | "change"
  readonly session: string
  /** A name for the secret, which opens nothing. */
  readonly secret: string
  readonly call: number
  readonly settled: number
  /** Of a read and a change: the version that was answered, `null` when there was no session. `undefined`: the caller was told nothing. */
  readonly version: number | null | undefined
  /** Whether it was answered without waiting for anything outside the process. */
  readonly isHit?: boolean
}

export interface NearViolation {
  /** N1: older than the lease allows · N2: a process does not see its own change · N3: a client sees something go back. */
  readonly rule: "N1" | "N2" | "N3"
  readonly subject: string
  readonly what: string
}
