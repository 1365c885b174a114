import { randomUUID } from "node:crypto"
import { describe, expect, it } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import type { Seen } from "../../../../../domain/interfaces/records/IRecordStore.js"
import { cookieRule } from "../../../../../drop-in/merge-rules.js"
import { MemoryRecords } from "../../../../../infrastructure/services/records/MemoryRecords.js"
import { RecordFront } from "../../../../../infrastructure/services/records/RecordFront.js"

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
    const save = (seen: Seen, fields: object): Promise<void> => front.save(seen, { text: JSON.stringify(fields), lifetimeMs: 60_000, rule })
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
