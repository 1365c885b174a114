import { randomUUID } from "node:crypto"
import { setImmediate as nextTurn } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { createSessionService, type ISessionService, type OwnedSessionService, type SessionAttributes } from "../../exports/index.js"
import { WatchedSessions } from "../support/request-doubles.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"
import { type Answer, type Attributes, type VisitedApplication, visitedApplication } from "./visited-application.js"

const PARALLEL = 200

expectNoUnhandledRejections()

// Two processes of an application, as far as the store can tell: each has a service and connections of its own.
describe.each(SERVER_KINDS)("requests at the same time, on %s", (kind) => {
  const services: OwnedSessionService<Attributes, Attributes>[] = []
  let here: VisitedApplication
  let there: VisitedApplication
  beforeAll(async () => {
    const keyPrefix = `http-races-${randomUUID()}:`
    // What is judged here is who comes in, not how fast a loaded machine answers.
    for (let at = 0; at < 2; at++) services.push(await createSessionService<Attributes>({ store: sharedServer(kind).url, keyPrefix, timeout: "20s" }))
    const [first, second] = await Promise.all(services.map((service) => visitedApplication(service)))
    if (first === undefined || second === undefined) throw new Error("Expected two applications")
    ;[here, there] = [first, second]
  })
  afterAll(async () => {
    await Promise.all([here[Symbol.asyncDispose](), there[Symbol.asyncDispose]()])
    await Promise.all(services.map((service) => service.close()))
  })

  /** Asks over and over, from `PARALLEL` places at a time, in both processes, until `done`; tells for each when it was asked. */
  async function askUntil(done: () => boolean, next: () => { readonly method: string; readonly path: string; readonly cookie: string }) {
    const answers: (Answer & { readonly asked: number; readonly cookieSent: string })[] = []
    const one = async (at: number): Promise<void> => {
      while (!done()) {
        const { method, path, cookie } = next()
        const asked = performance.now()
        answers.push({ ...(await (at % 2 === 0 ? here : there).ask(method, path, cookie)), asked, cookieSent: cookie })
        await nextTurn()
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, (_, at) => one(at)))
    return answers
  }

  it.each(["here", "everywhere"])("after a sign-out (%s) was answered, nobody comes in", async (where) => {
    const cookie = await here.signIn("ada")
    let acknowledged = Number.POSITIVE_INFINITY
    let asked = 0
    const requests = [
      { method: "GET", path: "/me" },
      { method: "POST", path: "/visit" },
    ]
    const asking = askUntil(
      () => performance.now() > acknowledged + 200,
      () => ({ ...(requests[asked++ % requests.length] ?? { method: "GET", path: "/me" }), cookie }),
    )
    await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(PARALLEL * 2)
    const signedOut = await here.ask("POST", `/sign-out?where=${where}`, cookie)
    acknowledged = performance.now()
    const answers = await asking
    expect(signedOut).toMatchObject({ status: 200, body: "1", cookie: "" })
    const later = answers.filter((answer) => answer.asked > acknowledged)
    expect(later.length).toBeGreaterThan(0)
    expect(new Set(later.map(({ status }) => status))).toEqual(new Set([401]))
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
    expect(answers.filter(({ status }) => status !== 200 && status !== 401)).toEqual([])
  })

  /** An application whose next call of this name is answered by the store, and heard of when `goOn` is called. */
  async function held(name: "getSession" | "rotateSession") {
    let goOn: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const watched = new WatchedSessions(services[0] as unknown as ISessionService<SessionAttributes>)
    const reached = new Promise<void>((arrive) => {
      watched.after(name, () => {
        arrive()
        return released
      })
    })
    const application = await visitedApplication(watched.service as unknown as ISessionService<Attributes>)
    onTestFinished(() => application[Symbol.asyncDispose]())
    return { application, reached, goOn }
  }

  it("a sign-out in the midst of a step-up is not said to be done, and done with the new cookie", async () => {
    const cookie = await there.signIn("mary")
    const { application, reached, goOn } = await held("rotateSession")
    const steppingUp = application.ask("POST", "/step-up", cookie)
    await reached
    expect(await there.ask("POST", "/sign-out", cookie)).toMatchObject({ status: 401, cookie: undefined })
    goOn()
    const { status, cookie: renewed } = await steppingUp
    expect(status).toBe(204)
    expect(await there.ask("GET", "/me", renewed)).toMatchObject({ status: 200, body: "mary" })
    expect(await there.ask("POST", "/sign-out", renewed)).toMatchObject({ status: 200, body: "1", cookie: "" })
    expect(await there.ask("GET", "/me", renewed)).toMatchObject({ status: 401 })
  })

  it("a step-up in the midst of a sign-out is over with it", async () => {
    const cookie = await there.signIn("edith")
    const { application, reached, goOn } = await held("getSession")
    const signingOut = application.ask("POST", "/sign-out", cookie)
    await reached
    const { status, cookie: renewed } = await there.ask("POST", "/step-up", cookie)
    expect(status).toBe(204)
    goOn()
    expect(await signingOut).toMatchObject({ status: 200, body: "1", cookie: "" })
    expect(await there.ask("GET", "/me", renewed)).toMatchObject({ status: 401 })
  })

  it("who steps up stays signed in with the new cookie, and no answer takes it away", async () => {
    let cookie = await here.signIn("grace")
    let [finished, asked] = [false, 0]
    const asking = askUntil(
      () => finished,
      () => {
        asked++
        return { method: "GET", path: "/me", cookie }
      },
    )
    const replaced = new Map<string, number>()
    for (let steps = 0; steps < 10; steps++) {
      const before = asked
      await expect.poll(() => asked, { timeout: 20_000, interval: 5 }).toBeGreaterThan(before + PARALLEL)
      const asked2 = performance.now()
      const answer = await there.ask("POST", "/step-up", cookie)
      expect(answer.status).toBe(204)
      expect(answer.cookie).toMatch(/^.{20,}$/)
      replaced.set(cookie, asked2)
      cookie = answer.cookie ?? ""
    }
    finished = true
    const answers = await asking
    expect(answers.length).toBeGreaterThan(10 * PARALLEL)
    // Only who sent a secret while it was replaced may be refused. A browser then has the new one already, or is about to get it.
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.filter(({ status, cookieSent }) => status !== 401 || !replaced.has(cookieSent))).toEqual([])
    expect(answers.filter((answer) => answer.cookie !== undefined)).toEqual([])
    expect((await here.ask("GET", "/me", cookie)).status).toBe(200)
    for (const old of replaced.keys()) expect((await here.ask("GET", "/me", old)).status).toBe(401)
  })

  it("no visit is lost among 200 at a time", async () => {
    const cookie = await here.signIn("joan")
    const answers = await Promise.all(Array.from({ length: PARALLEL }, (_, at) => (at % 2 === 0 ? here : there).ask("POST", "/visit", cookie)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: PARALLEL }, () => 200))
    expect((await here.ask("POST", "/visit", cookie)).body).toBe(String(PARALLEL + 1))
  })

  it("10 000 requests sign nobody out", async () => {
    const cookies = await Promise.all(Array.from({ length: 50 }, (_, at) => here.signIn(`user${at}`)))
    let sent = 0
    const answers = await askUntil(
      () => sent >= 10_000,
      () => {
        const at = sent++
        return { method: at % 10 === 0 ? "POST" : "GET", path: at % 10 === 0 ? "/visit" : "/me", cookie: cookies[at % cookies.length] ?? "" }
      },
    )
    expect(answers.length).toBeGreaterThanOrEqual(10_000)
    expect(answers.filter(({ status, cookie }) => status !== 200 || cookie !== undefined)).toEqual([])
  }, 120_000)
})
