// An application that uses a store over TLS, in a process of its own, because NODE_EXTRA_CA_CERTS is read at a process's start. Its settings are its only argument.
import { createSessionService, type OwnedSessionService, SessionError } from "coatcheck"
import { Redis } from "ioredis"
import type { OpenStore } from "../../workloads/open-store.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import type { ConnectAnswer, EncryptedSettings, LoadAnswer } from "./EncryptedApplication.js"

const TIMEOUT = "3s"
const CLIENTS = 4

const { url, client } = JSON.parse(process.argv[2] ?? "") as EncryptedSettings
const load: LoadAnswer = { answered: 0, failed: 0 }
let isOver = false
let work: Promise<unknown> | undefined

function openStore(): OpenStore {
  if (client === "node-redis") return { store: url, close: async () => undefined }
  const own = new Redis(url, { lazyConnect: true })
  own.on("error", () => undefined)
  return { store: own, close: async () => own.disconnect() }
}

/** Opens a session over a connection of its own. */
async function connect(): Promise<ConnectAnswer> {
  const opened = openStore()
  try {
    const service = await createSessionService<Attributes>({ store: opened.store, timeout: TIMEOUT })
    try {
      const { token } = await service.createSession({ userId: "new", attributes: { text: "-" } })
      await service.deleteSession(token)
      return { connected: true }
    } finally {
      await service.close()
    }
  } catch (error) {
    if (!SessionError.is(error)) throw error
    return { connected: false, code: error.code, message: error.message }
  } finally {
    await opened.close()
  }
}

async function begin(): Promise<void> {
  const service = await createSessionService<Attributes>({ store: openStore().store, timeout: TIMEOUT })
  await service.ping()
  work = Promise.all(Array.from({ length: CLIENTS }, (_, i) => use(service, i)))
}

async function use(service: OwnedSessionService<Attributes, Attributes>, number: number): Promise<void> {
  const { token } = await service.createSession({ userId: `staying ${number}`, attributes: { text: "-" } })
  for (let version = 1; !isOver; version++) {
    try {
      const session = await service.updateSession(token, { text: String(version) })
      if (session?.version !== version + 1) load.failed += 1
      load.answered += 1
    } catch {
      load.failed += 1
    }
  }
}

process.on("message", (question: "begin" | "connect" | "end") => {
  void (async () => {
    if (question === "connect") return connect()
    if (question === "begin") return begin()
    isOver = true
    await work
    return load
  })().then(
    (answer) => process.send?.(answer ?? {}),
    () => process.exit(1),
  )
})
process.on("disconnect", () => process.exit(0))
process.on("SIGINT", () => undefined)
