// A process with a service and a client of its own. It does what its parent asks for, one task a message, and ends with its parent.
import { createSessionService, type OwnedSessionService, type SessionServiceOptions } from "coatcheck"
import { createRateLimitingService, type OwnedRateLimitingService } from "coatcheck/rate-limit"
import { HistoryRecorder } from "../histories/HistoryRecorder.js"
import { isLimitDefect, spoilLimits } from "../limits/limit-defects.js"
import { callLimits, type LimitJob } from "../limits/limit-job.js"
import type { LimitLine } from "../limits/limit-line.js"
import { RecordedLimits } from "../limits/RecordedLimits.js"
import { W6_RULES } from "../limits/w6-rules.js"
import { isNearDefect, spoilNear } from "../near/near-defects.js"
import { doNear, type NearJob, type NearResult } from "../near/near-job.js"
import { leaseOn } from "../near/near-mode.js"
import { isSessionDefect, spoil } from "./defects.js"
import { type Crew, doJob } from "./jobs.js"
import { type OpenStore, openStore } from "./open-store.js"
import type { Attributes } from "./RecordedClient.js"
import { openKeys, type StoreKeys } from "./store-keys.js"
import type { ToParent, ToWorker, WorkerSettings, WorkerTask } from "./worker-messages.js"

let crew: Crew | undefined
let opened: OpenStore | undefined
let spoiler: StoreKeys | undefined
let service: OwnedSessionService<Attributes, Attributes> | undefined
let limits: OwnedRateLimitingService<typeof W6_RULES> | undefined
let settings: WorkerSettings | undefined
let spoiledCache: Awaited<ReturnType<typeof spoilNear>> | undefined

async function open(given: WorkerSettings): Promise<void> {
  const { url, client, process: number, origin, defect, timeoutMs = 20_000 } = given
  const leaseMs = given.leaseMs ?? leaseOn(url)
  await close()
  settings = given
  opened = await openStore(client, url)
  spoiler = isSessionDefect(defect) ? await openKeys(url) : undefined
  const opening = await createSessionService<Attributes>({ store: opened.store, timeout: `${timeoutMs}ms`, ...readingAs(leaseMs, given) })
  service = opening
  if (leaseMs !== null && isNearDefect(defect)) spoiledCache = await spoilNear(opening, defect, { url, leaseMs })
  crew = {
    service: isSessionDefect(defect) && spoiler !== undefined ? spoil(opening, defect, spoiler) : (spoiledCache?.service ?? opening),
    recorder: new HistoryRecorder(BigInt(origin)),
    process: number,
    shared: [],
    share: (token) => send({ shared: token }),
  }
}

async function close(): Promise<void> {
  spoiledCache?.close()
  spoiledCache = undefined
  await service?.close()
  service = undefined
  await limits?.close()
  limits = undefined
  await opened?.close()
  opened = undefined
  spoiler?.close()
  spoiler = undefined
  crew = undefined
}

/** Reads write an access down often, so that this is tested too, but where a near-cache is what is asked about: each such read goes to the store. */
function readingAs(leaseMs: number | null, { defect, leaseMs: asked }: WorkerSettings): Pick<SessionServiceOptions, "touchInterval" | "nearCache"> {
  if (leaseMs === null) return { touchInterval: "50ms" }
  return { touchInterval: asked === undefined ? "500ms" : "30s", nearCache: isNearDefect(defect) ? false : { lease: `${leaseMs}ms` } }
}

/** Rate limits are opened when they are called for the first time. */
async function limit(job: LimitJob): Promise<readonly LimitLine[]> {
  if (settings === undefined || opened === undefined) throw new Error("Expected the worker to be opened first")
  limits ??= await createRateLimitingService({ store: opened.store, rules: W6_RULES, timeout: "20s" })
  const { defect, origin, process: number } = settings
  const called = isLimitDefect(defect) ? spoilLimits(limits, defect) : limits
  return callLimits(new RecordedLimits(called, BigInt(origin), number), job, number)
}

async function near(job: NearJob, { service: called, process: number }: Crew): Promise<NearResult> {
  return doNear(called, job, { origin: BigInt(settings?.origin ?? 0), process: number })
}

async function perform(task: WorkerTask): Promise<unknown> {
  if (task.do === "open") return open(task.settings)
  if (task.do === "close") return close()
  if (task.do === "limits") return limit(task.job)
  if (crew === undefined) throw new Error("Expected the worker to be opened first")
  if (task.do === "near") return near(task.job, crew)
  crew.shared.length = 0
  const tokens = await doJob(crew, task.job)
  return { tokens, lines: crew.recorder.take() }
}

function send(message: ToParent): void {
  process.send?.(message)
}

process.on("message", (message: ToWorker) => {
  if ("shared" in message) {
    crew?.shared.push(message.shared)
    return
  }
  perform(message.task).then(
    (value) => send({ id: message.id, value }),
    (error: unknown) => send({ id: message.id, error: error instanceof Error ? (error.stack ?? error.message) : "no error object" }),
  )
})
process.on("disconnect", () => process.exit(0))
// Ctrl-C reaches every process of the terminal; the parent decides.
process.on("SIGINT", () => undefined)
