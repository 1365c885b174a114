import type { HistoryLine } from "../histories/history-line.js"
import type { LimitJob } from "../limits/limit-job.js"
import type { NearJob } from "../near/near-job.js"
import type { Defect } from "./defects.js"
import type { Job } from "./jobs.js"
import type { ClientName } from "./store-clients.js"

export interface WorkerSettings {
  readonly url: string
  readonly client: ClientName
  /** Number of the process. */
  readonly process: number
  /** The origin of the common clock, as text because a message may not carry it otherwise. */
  readonly origin: string
  readonly defect: Defect | undefined
  /** With a near-cache, whose lease this is, in milliseconds. */
  readonly leaseMs?: number
  /** How long a call may take, in milliseconds; else so long that a busy machine ends none. */
  readonly timeoutMs?: number
}

export type WorkerTask =
  | { readonly do: "open"; readonly settings: WorkerSettings }
  | { readonly do: "close" }
  | { readonly do: "job"; readonly job: Job }
  /** Answered with the lines. */
  | { readonly do: "limits"; readonly job: LimitJob }
  /** Answered with what it brought. */
  | { readonly do: "near"; readonly job: NearJob }

export interface JobResult {
  readonly tokens: readonly string[]
  readonly lines: readonly HistoryLine[]
}

/** A task, or a token that another process made. */
export type ToWorker = { readonly id: number; readonly task: WorkerTask } | { readonly shared: string }
export type ToParent = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string } | { readonly shared: string }
