// A process with a service and a client of its own. It does what its parent asks for, one task a message, and ends with its parent.
import { createSessionService, type OwnedSessionService } from "coatcheck"
import { HistoryRecorder } from "../histories/HistoryRecorder.js"
import { spoil } from "./defects.js"
import { type Crew, doJob } from "./jobs.js"
import { type OpenStore, openStore } from "./open-store.js"
import type { Attributes } from "./RecordedClient.js"
import { openClient, type StoreClient } from "./store-clients.js"
import type { ToParent, ToWorker, WorkerSettings, WorkerTask } from "./worker-messages.js"

let crew: Crew | undefined
let opened: OpenStore | undefined
let spoiler: StoreClient | undefined
let service: OwnedSessionService<Attributes, Attributes> | undefined

async function open({ url, client, process: number, origin, defect }: WorkerSettings): Promise<void> {
  await service?.close()
  await opened?.close()
  await spoiler?.close()
  opened = await openStore(client, url)
  spoiler = defect === undefined ? undefined : await openClient(client, url)
  // Reads write an access down often, so that this is tested too; calls wait long, because a busy machine is no fault of the service.
  service = await createSessionService<Attributes>({ store: opened.store, touchInterval: "50ms", timeout: "20s" })
  crew = {
    service: defect === undefined || spoiler === undefined ? service : spoil(service, defect, spoiler),
    recorder: new HistoryRecorder(BigInt(origin)),
    process: number,
    shared: [],
    share: (token) => send({ shared: token }),
  }
}

async function perform(task: WorkerTask): Promise<unknown> {
  if (task.do === "open") return open(task.settings)
  if (crew === undefined) throw new Error("Expected the worker to be opened first")
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
