// An application with a service of its own, which does what its parent asks for, one call a message, and ends with its parent.
import "./shift-date.js"
import { createSessionService } from "coatcheck"
import { nearCacheOn } from "../../near/near-mode.js"
import { type OpenStore, openStore } from "../../workloads/open-store.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import type { Answer, Question } from "./ShiftedApplication.js"

let opened: OpenStore | undefined
let service: Awaited<ReturnType<typeof open>> | undefined

async function open({ client, url }: Question & { readonly ask: "open" }) {
  opened = await openStore(client, url)
  return createSessionService<Attributes>({ store: opened.store, touchInterval: "50ms", nearCache: nearCacheOn(opened.store) })
}

async function answer(question: Question): Promise<Answer["value"]> {
  if (question.ask === "open") {
    service = await open(question)
    return { time: Date.now() }
  }
  if (service === undefined) throw new Error("Expected the application to be opened first")
  if (question.ask === "read") {
    const session = await service.getSession(question.token)
    return { alive: session !== null, ...(session === null ? {} : { lastAccess: session.lastAccessedAt.getTime() }) }
  }
  const { user, idleMs, limit } = question
  const { token, session, evicted } = await service.createSession({
    userId: user,
    attributes: { text: "-" },
    idleTimeout: `${idleMs}ms`,
    ...(limit === undefined ? {} : { maxSessionsPerUser: limit }),
  })
  return { token, handle: session.sessionId, created: session.createdAt.getTime(), expires: session.expiresAt.getTime(), evicted }
}

process.on("message", (question: Question) => {
  answer(question).then(
    (value) => process.send?.({ value } satisfies Answer),
    (error: unknown) => process.send?.({ value: {}, failed: error instanceof Error ? error.message : "no error object" } satisfies Answer),
  )
})
process.on("disconnect", () => process.exit(0))
process.on("SIGINT", () => undefined)
