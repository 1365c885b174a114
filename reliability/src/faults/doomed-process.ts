// A process with a service of its own that is killed in the middle of what it does. Its settings are its only argument.
import { createSessionService, type OwnedSessionService } from "coatcheck"
import { HistoryRecorder } from "../histories/HistoryRecorder.js"
import { liveAsUser } from "../workloads/jobs.js"
import { openStore } from "../workloads/open-store.js"
import { type Attributes, RecordedClient } from "../workloads/RecordedClient.js"
import { randomFrom } from "../workloads/random.js"
import type { Doom, DoomNews, DoomSettings } from "./doomed-messages.js"
import { SESSIONS_A_USER } from "./many-sessions.js"

type Service = OwnedSessionService<Attributes, Attributes>

const CLIENTS = 4
const USERS = 3

const { url, client, doom } = JSON.parse(process.argv[2] ?? "") as DoomSettings
const { store } = await openStore(client, url)
const service = await createSessionService<Attributes>({ store, touchInterval: "10ms", timeout: "20s" })
process.on("disconnect", () => process.exit(0))
await meet(doom)
tell({ news: "ended" })

function meet(given: Doom): Promise<unknown> {
  switch (given.kind) {
    case "live":
      tell({ news: "began" })
      return Promise.all(Array.from({ length: CLIENTS }, (_, i) => live(given.seed + i)))
    case "sign-out":
      tell({ news: "began" })
      return service.deleteUserSessions(given.user)
    case "write":
      return write(service, given.seed, given.calls)
  }
}

async function live(seed: number): Promise<never> {
  const recorder = new HistoryRecorder(process.hrtime.bigint())
  const random = randomFrom(seed)
  const one = new RecordedClient(service, recorder, seed)
  const known: string[] = []
  for (;;) {
    const user = `doomed ${random(USERS)}`
    await liveAsUser(one, random, { user, limit: SESSIONS_A_USER, recent: () => known.slice(-12), keep: (token) => void known.push(token) })
    recorder.take()
  }
}

async function write(writer: Service, seed: number, calls: number): Promise<void> {
  const random = randomFrom(seed)
  const known: string[] = []
  tell({ news: "began" })
  for (let i = 0; i < calls; i++) {
    const at = random(known.length || 1)
    const token = known[at]
    const choice = random(5)
    if (token === undefined || choice < 2) {
      const created = await writer.createSession({ userId: `writer ${seed} ${random(USERS)}`, attributes: { text: `${seed} ${i}` } })
      known.push(created.token)
      tell({ news: "did", token: created.token, version: 1 })
    } else if (choice < 4) {
      const session = await writer.updateSession(token, { text: `${seed} ${i}` })
      tell({ news: "did", token, version: session?.version ?? 0 })
    } else {
      await writer.deleteSession(token)
      known.splice(at, 1)
      tell({ news: "did", token, version: 0 })
    }
  }
}

function tell(news: DoomNews): void {
  process.send?.(news)
}
