import { inspect } from "node:util"
import { describe, expect, it, onTestFinished } from "vitest"
import { CoatcheckStore as ExpressStore } from "../../drop-in/express-session.js"
import { CoatcheckStore as FastifyStore } from "../../drop-in/fastify-session.js"
import { CoatcheckStore as KoaStore } from "../../drop-in/koa-session.js"

/** The calls of a store, as an application makes them that has sessions of its own making. */
interface Calls {
  set(id: string, session: unknown): Promise<void>
  get(id: string): Promise<unknown>
}

const called = <T>(work: (done: (error: unknown, value?: T) => void) => void): Promise<T | undefined> =>
  new Promise((resolve, reject) => work((error, value) => (error ? reject(error as Error) : resolve(value))))

const STORES: Readonly<Record<string, () => Calls>> = {
  "express-session": () => {
    const store = closed(new ExpressStore({ store: "memory:" }))
    return {
      set: async (id, session) => void (await called((done) => store.set(id, session as never, done))),
      get: (id) => called((done) => store.get(id, done)),
    }
  },
  "@fastify/session": () => {
    const store = closed(new FastifyStore({ store: "memory:" }))
    return {
      set: async (id, session) => void (await called((done) => store.set(id, session as never, done))),
      get: (id) => called((done) => store.get(id, done)),
    }
  },
  "koa-session": () => {
    const store = closed(new KoaStore({ store: "memory:" }))
    return { set: (id, session) => store.set(id, session as never), get: (id) => store.get(id) }
  },
}

function closed<S extends { close(): Promise<void> }>(store: S): S {
  onTestFinished(() => store.close())
  return store
}

describe.each(Object.entries(STORES))("what is given to the store for %s", (_name, open) => {
  it("may be an object that takes no properties, again and again", async () => {
    const { set, get } = open()
    const session = Object.freeze({ user: "ada", cookie: Object.freeze({ expires: null }) })
    await set("one", session)
    await set("one", session)
    expect(await get("one")).toMatchObject({ user: "ada" })
  })

  it("is refused without a word of what it holds where JSON cannot say it", async () => {
    const { set, get } = open()
    const cyclic: Record<string, unknown> = { "name of ada": "secret" }
    cyclic["way of ada"] = cyclic
    const throwing = { toJSON: () => JSON.parse("secret of ada") }
    for (const session of [cyclic, { count: 1n, user: "ada" }, throwing]) {
      const error: unknown = await set("one", session).catch((error: unknown) => error)
      expect(error).toMatchObject({ code: "ERR_INVALID_ARGUMENT", message: expect.not.stringMatching(/ada|secret/) })
      expect(inspect(error)).not.toMatch(/of ada|secret/)
    }
    expect(await get("one")).toBeNull()
  })

  it.each([undefined, null, "text", 7, ["a"], () => undefined])("is refused where it is no object (%s)", async (session) => {
    const { set, get } = open()
    await expect(set("one", session)).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
    expect(await get("one")).toBeNull()
  })
})

describe("what express-session's store is to touch", () => {
  const touched = async (session: unknown): Promise<unknown> => {
    const store = closed(new ExpressStore({ store: "memory:" }))
    return called((done) => store.touch("one", session as never, done))
  }

  it.each([undefined, null, "text", 7, ["a"], () => undefined])("is refused where it is no object (%s)", async (session) => {
    await expect(touched(session)).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
  })

  it("is refused where JSON cannot say its cookie, and may hold anything else", async () => {
    await expect(touched({ cookie: { age: 1n } })).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
    expect(await touched({ cookie: { expires: null }, age: 1n })).toBeUndefined()
    expect(await touched({})).toBeUndefined()
  })
})
