import { randomUUID } from "node:crypto"
import { describe, expect, it } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import type { SaveRecord, Seen } from "../../../../../domain/interfaces/records/IRecordStore.js"
import { saveOf, useOf } from "../../../../../drop-in/cookie-session.js"
import { cookieRule } from "../../../../../drop-in/merge-rules.js"
import { MemoryRecords } from "../../../../../infrastructure/services/records/MemoryRecords.js"
import { RecordFront } from "../../../../../infrastructure/services/records/RecordFront.js"
import { createFakeClock } from "../../../../../testing/fake-clock.js"

const rule = cookieRule(() => false)

/** Makes a save and loses the answer, as often as it is told. */
class Lossy extends MemoryRecords {
  losing = 0

  override async save(...args: Parameters<MemoryRecords["save"]>): ReturnType<MemoryRecords["save"]> {
    const saved = await super.save(...args)
    if (this.losing === 0) return saved
    this.losing -= 1
    throw new SessionError("ERR_STORE_TIMEOUT", "Expected an answer, got none.")
  }
}

describe("a holder that was not told of its own save", () => {
  async function begin() {
    const steps = new Lossy()
    const front = new RecordFront(steps, { timeoutMs: 5_000, rememberMs: 60_000 })
    const save = (seen: Seen, fields: object): Promise<void> => front.save(seen, { text: JSON.stringify(fields), lifetimeOf: () => 60_000, rule })
    const read = async (id: string): Promise<Seen> => {
      const seen: Seen = { id, record: null }
      await front.read(seen)
      return seen
    }
    const id = randomUUID()
    await save({ id, record: null }, { n: 0 })
    const mine = await read(id)
    const unheard = async (fields: object): Promise<void> => {
      steps.losing = 1
      await expect(save(mine, fields)).rejects.toMatchObject({ code: "ERR_STORE_TIMEOUT" })
    }
    return { save, read, mine, unheard, fields: () => front.read({ id, record: null }), theirs: () => read(id) }
  }

  it("saves the next value of the same field", async () => {
    const { save, mine, unheard, fields } = await begin()
    await unheard({ n: 1 })
    await unheard({ n: 2 })
    await save(mine, { n: 3 })
    await save(mine, { n: 4 })
    expect(await fields()).toEqual({ n: 4 })
  })

  it("keeps what others saved upon it, and removes what it takes back", async () => {
    const { save, mine, unheard, fields, theirs } = await begin()
    await unheard({ n: 1, gone: true })
    await save(await theirs(), { n: 1, gone: true, theirs: "kept" })
    await save(mine, { n: 2 })
    expect(await fields()).toEqual({ n: 2, theirs: "kept" })
  })

  it("is still refused another value where others changed the field after it", async () => {
    const { save, mine, unheard, fields, theirs } = await begin()
    await unheard({ n: 1 })
    await save(await theirs(), { n: 7 })
    await expect(save(mine, { n: 2 })).rejects.toMatchObject({ code: "ERR_SESSION_CONFLICT" })
    await expect(save(mine, { n: 2 })).rejects.toMatchObject({ code: "ERR_SESSION_CONFLICT" })
    expect(await fields()).toEqual({ n: 7 })
  })
})

describe("a holder that gives a field the value which it had when the holder saved last, and which others changed since", () => {
  async function begin(lastWins: boolean) {
    const own = cookieRule((field) => lastWins && field === "flag")
    const front = new RecordFront(new MemoryRecords(), { timeoutMs: 5_000, rememberMs: 60_000 })
    const save = (seen: Seen, fields: object): Promise<void> => front.save(seen, { text: JSON.stringify(fields), lifetimeOf: () => 60_000, rule: own })
    const id = randomUUID()
    const read = async (): Promise<Seen> => {
      const seen: Seen = { id, record: null }
      await front.read(seen)
      return seen
    }
    await save({ id, record: null }, { x: 1 })
    const [mine, theirs] = [await read(), await read()]
    await save(theirs, { x: 1, flag: true })
    await save(mine, { x: 1, z: 1 })
    await save(theirs, { x: 1, flag: false })
    return { again: () => save(mine, { x: 1, z: 1, flag: true }), fields: () => front.read({ id, record: null }) }
  }

  it("is refused", async () => {
    const { again, fields } = await begin(false)
    await expect(again()).rejects.toMatchObject({ code: "ERR_SESSION_CONFLICT", outcome: "not-applied" })
    expect(await fields()).toEqual({ x: 1, z: 1, flag: false })
  })

  it("has the last word where the last value wins", async () => {
    const { again, fields } = await begin(true)
    await again()
    expect(await fields()).toEqual({ x: 1, z: 1, flag: true })
  })
})

describe("how long a session is kept", () => {
  const lasting = (ms: number) => ({ originalMaxAge: ms, expires: new Date(Date.now() + ms).toISOString() })
  const DAY = 86_400_000

  async function begin(cookie: object) {
    const clock = createFakeClock(new Date())
    const front = new RecordFront(new MemoryRecords(clock), { timeoutMs: 5_000, rememberMs: 60_000 })
    const save = (seen: Seen, fields: { readonly cookie: object; readonly note?: number }): Promise<void> => front.save(seen, saveOf(fields, 60_000, rule))
    const read = async (): Promise<Seen> => {
      const seen: Seen = { id, record: null }
      await front.read(seen)
      return seen
    }
    const id = randomUUID()
    await save({ id, record: null }, { cookie })
    return { front, clock, save, read, id, fields: () => front.read({ id, record: null }) }
  }

  it.each([{ note: 1 }, {}])("is told by the cookie that another request gave it meanwhile, whatever the slower one saves (%o)", async (change) => {
    const hour = lasting(3_600_000)
    const { clock, save, read, fields } = await begin(hour)
    const [quick, slow] = [await read(), await read()]
    await save(quick, { cookie: lasting(30 * DAY) })
    await save(slow, { cookie: hour, ...change })
    clock.advance("29d")
    expect(await fields()).toEqual({ cookie: expect.objectContaining({ originalMaxAge: 30 * DAY }), ...change })
  })

  it("is shorter where the cookie became so meanwhile", async () => {
    const month = lasting(30 * DAY)
    const { clock, save, read, fields } = await begin(month)
    const [quick, slow] = [await read(), await read()]
    await save(quick, { cookie: lasting(3_600_000) })
    await save(slow, { cookie: month, note: 1 })
    clock.advance("2h")
    expect(await fields()).toBeNull()
  })

  it("is made no shorter by a touch", async () => {
    const { front, id, clock, fields } = await begin(lasting(30 * DAY))
    await front.touch({ id, record: null }, useOf({ cookie: lasting(3_600_000) }, 60_000, rule))
    clock.advance("29d")
    expect(await fields()).not.toBeNull()
    await front.touch({ id, record: null }, useOf({ cookie: lasting(30 * DAY) }, 60_000, rule))
    clock.advance("29d")
    expect(await fields()).not.toBeNull()
  })
})

describe("a read that counts as a use", () => {
  class Watched extends MemoryRecords {
    /** What happens when the use is to be written down. */
    meanwhile: (place: Parameters<MemoryRecords["touch"]>[0]) => Promise<unknown> = async () => undefined

    override async touch(...args: Parameters<MemoryRecords["touch"]>): ReturnType<MemoryRecords["touch"]> {
      await this.meanwhile(args[0])
      return super.touch(...args)
    }
  }

  async function begin(timeoutMs = 5_000) {
    const clock = createFakeClock(new Date())
    const steps = new Watched(clock)
    const front = new RecordFront(steps, { timeoutMs, rememberMs: 60_000 })
    const id = randomUUID()
    const save: SaveRecord = { text: '{"user":"ada"}', lifetimeOf: () => 60_000, rule }
    await front.save({ id, record: null }, save)
    const read = (seen: Seen = { id, record: null }) => front.read(seen, ({ user }) => (user === "ada" ? save : null))
    return { steps, front, clock, id, save, read }
  }

  it("keeps the session for longer, where it is one", async () => {
    const { front, clock, id, read } = await begin()
    for (let uses = 0; uses < 3; uses += 1) {
      clock.advance("40s")
      expect(await read()).toEqual({ user: "ada" })
    }
    expect(await front.read({ id, record: null }, () => null)).toEqual({ user: "ada" })
    clock.advance("61s")
    expect(await read()).toBeNull()
  })

  it.each(["ERR_STORE_UNAVAILABLE", "ERR_STORE_REFUSED", "ERR_STORE_TIMEOUT"] as const)(
    "is answered all the same where the use cannot be written down (%s)",
    async (code) => {
      const { steps, clock, read } = await begin()
      steps.meanwhile = () => Promise.reject(new SessionError(code, "Expected a store that takes writes, got one that takes none."))
      clock.advance("40s")
      expect(await read()).toEqual({ user: "ada" })
      clock.advance("21s")
      expect(await read()).toBeNull()
    },
  )

  it("is answered within the time of one call where nobody says whether the use was written down", async () => {
    const { steps, read } = await begin(100)
    steps.meanwhile = () => new Promise(() => undefined)
    const began = performance.now()
    expect(await read()).toEqual({ user: "ada" })
    expect(performance.now() - began).toBeLessThan(1_000)
  })

  it("finds nothing where the session ended between the two", async () => {
    const { steps, front, id, save, read } = await begin()
    const seen: Seen = { id, record: null }
    steps.meanwhile = () => front.end(id)
    expect(await read(seen)).toBeNull()
    expect(seen.record).toBeNull()
    await expect(front.save(seen, save)).rejects.toMatchObject({ code: "ERR_SESSION_ENDED" })
  })

  it("hides no mistake of this library", async () => {
    const { steps, read } = await begin()
    steps.meanwhile = () => Promise.reject(new TypeError("a mistake"))
    await expect(read()).rejects.toThrow("a mistake")
  })
})
