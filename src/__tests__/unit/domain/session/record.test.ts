import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isAlive } from "../../../../domain/session/deadlines.js"
import {
  admit,
  counts,
  createRecord,
  extendRecord,
  NO_OPERATIONS,
  ownerOf,
  type Proof,
  removeRecord,
  rotateRecord,
  type SessionDraft,
  type SessionRecord,
  type Transition,
  touchRecord,
  writeRecord,
} from "../../../../domain/session/record.js"

const NOW = 1_800_000_000_000
const DRAFT: SessionDraft = {
  tag: "AAA",
  id: "A".repeat(22),
  verifier: "V".repeat(22),
  idleTimeout: 100_000,
  slack: 10_000,
  absoluteTimeout: 1_000_000,
  authenticatedAt: "now",
  fixed: { userId: "ada", pendingUserId: null, impersonatorId: null, impersonatorSessionId: null, persistent: false, device: "{}" },
  body: { schemaVersion: 1, attributes: "{}" },
}
const RECORD = createRecord(DRAFT, NOW * 1000 + 7, NOW)
const RIGHT: Proof = { verifiers: [RECORD.verifier] }
const WRONG: Proof = { verifiers: ["W".repeat(22)] }
const OLD: Proof = { verifiers: ["O".repeat(22)] }
const IN_GRACE: SessionRecord = { ...RECORD, previous: { verifier: "O".repeat(22), until: NOW + 5_000 } }
const BODY = { schemaVersion: 1, attributes: '{"n":1}' }
const WRITE = { expectedVersion: 1, operation: "opid01", fixed: DRAFT.fixed, body: BODY }
const ROTATION = { verifier: "N".repeat(22), grace: 5_000, reauthenticated: false, write: null }

/** Every step on a session that is there. */
const STEPS: Readonly<Record<string, (record: SessionRecord | null, proof: Proof, now: number) => Transition>> = {
  touch: touchRecord,
  write: (record, proof, now) => writeRecord(record, proof, WRITE, now),
  extend: (record, proof, now) => extendRecord(record, proof, { idleTimeout: null, touchInterval: 60_000 }, now),
  rotate: (record, proof, now) => rotateRecord(record, proof, ROTATION, now),
}

describe("a new record", () => {
  it("takes the times of the store", () => {
    expect(RECORD).toMatchObject({
      createdMicros: NOW * 1000 + 7,
      lastAccessedAt: NOW,
      absoluteDeadline: NOW + 1_000_000,
      version: 1,
      operations: NO_OPERATIONS,
      previous: null,
      authenticatedAt: NOW,
    })
    expect(createRecord({ ...DRAFT, authenticatedAt: NOW - 5 }, NOW * 1000, NOW).authenticatedAt).toBe(NOW - 5)
    expect(createRecord({ ...DRAFT, authenticatedAt: null }, NOW * 1000, NOW).authenticatedAt).toBeNull()
    expect(RECORD).not.toHaveProperty("absoluteTimeout")
  })

  it("counts against the limit only when its user signed in", () => {
    expect(counts(RECORD)).toBe(true)
    expect(counts({ authenticatedAt: null })).toBe(false)
  })

  it("belongs to its user, or to the one it waits for", () => {
    expect(ownerOf(DRAFT.fixed)).toBe("ada")
    expect(ownerOf({ ...DRAFT.fixed, userId: null, pendingUserId: "bob" })).toBe("bob")
    expect(ownerOf({ ...DRAFT.fixed, userId: null })).toBeNull()
  })
})

describe("a proof", () => {
  it("fits the current secret, the one before while its grace lasts, or the owner", () => {
    expect(admit(IN_GRACE, RIGHT, NOW)).toBe("current")
    expect(admit(IN_GRACE, OLD, NOW + 4_999)).toBe("grace")
    expect(admit(IN_GRACE, OLD, NOW + 5_000)).toBe("wrong-secret")
    expect(admit(IN_GRACE, WRONG, NOW)).toBe("wrong-secret")
    expect(admit(RECORD, { owner: "ada" }, NOW)).toBe("owner")
    expect(admit(RECORD, { owner: "bob" }, NOW)).toBe("missing")
    expect(admit(RECORD, { verifiers: [] }, NOW)).toBe("wrong-secret")
  })
})

describe.each(Object.entries(STEPS))("%s", (name, step) => {
  it("finds nothing where nothing is, or where it is over", () => {
    const missing = { next: null, result: { status: "missing" } }
    expect(step(null, RIGHT, NOW)).toEqual(missing)
    expect(step(RECORD, RIGHT, NOW + 110_001)).toEqual(missing)
    expect(step(RECORD, { owner: "bob" }, NOW)).toEqual(missing)
  })

  it("changes nothing for a wrong secret", () => {
    expect(step(RECORD, WRONG, NOW)).toEqual({ next: null, result: { status: "wrong-secret" } })
  })

  it("moves the last access and keeps all that never changes", () => {
    const { next, result } = step(RECORD, RIGHT, NOW + 50_000)
    expect(result.status).toBe("done")
    expect(next).toMatchObject({
      lastAccessedAt: NOW + 50_000,
      createdMicros: RECORD.createdMicros,
      absoluteDeadline: RECORD.absoluteDeadline,
      fixed: RECORD.fixed,
      tag: "AAA",
      id: RECORD.id,
    })
    expect(next?.version).toBe(name === "write" ? 2 : 1)
  })

  it("does not prolong a session to its absolute deadline", () => {
    const old = { ...RECORD, lastAccessedAt: NOW + 990_000 }
    expect(step(old, RIGHT, NOW + 999_998).result.status).toBe("done")
    expect(step(old, RIGHT, NOW + 999_999)).toEqual({ next: null, result: { status: "missing" } })
  })

  it("leaves the record it was given as it was", () => {
    const before = JSON.stringify(IN_GRACE)
    step(IN_GRACE, RIGHT, NOW)
    expect(JSON.stringify(IN_GRACE)).toBe(before)
  })

  it("never revives: what is over stays over, whatever the times", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000 }), (later) => {
        const { next, result } = step(RECORD, RIGHT, NOW + later)
        if (!isAlive(RECORD, NOW + later)) expect(result.status).toBe("missing")
        if (next !== null) expect(isAlive(next, NOW + later)).toBe(true)
      }),
    )
  })
})

describe("a write", () => {
  it("replaces the attributes at the expected version, and remembers its name before the last three", () => {
    const named = { ...RECORD, operations: "aaaaaabbbbbbccccccdddddd" }
    const { next } = writeRecord(named, RIGHT, WRITE, NOW)
    expect(next).toMatchObject({ version: 2, body: BODY, operations: "opid01aaaaaabbbbbbcccccc", verifier: RECORD.verifier })
  })

  it("is a clash at another version, which it tells", () => {
    const newer = { ...RECORD, version: 3 }
    expect(writeRecord(newer, RIGHT, WRITE, NOW)).toEqual({ next: null, result: { status: "clash", version: 3 } })
  })

  it("keeps a grace that lasts, and drops one that is over", () => {
    expect(writeRecord(IN_GRACE, RIGHT, WRITE, NOW + 4_999).next?.previous).toEqual(IN_GRACE.previous)
    expect(writeRecord(IN_GRACE, RIGHT, WRITE, NOW + 5_000).next?.previous).toBeNull()
  })
})

describe("an extension", () => {
  it("takes a new idle timeout, with the slack that goes with it", () => {
    const { next } = extendRecord(RECORD, RIGHT, { idleTimeout: 50_000, touchInterval: 60_000 }, NOW + 1)
    expect(next).toMatchObject({ idleTimeout: 50_000, slack: 5_000, version: 1, absoluteDeadline: RECORD.absoluteDeadline })
  })

  it("may be made with the secret in grace", () => {
    expect(extendRecord(IN_GRACE, OLD, { idleTimeout: null, touchInterval: 0 }, NOW).result.status).toBe("done")
  })
})

describe("a rotation", () => {
  it("swaps the secret and keeps the old one for its grace", () => {
    expect(rotateRecord(RECORD, RIGHT, ROTATION, NOW).next).toMatchObject({
      verifier: "N".repeat(22),
      previous: { verifier: RECORD.verifier, until: NOW + 5_000 },
      version: 1,
    })
    expect(rotateRecord(RECORD, RIGHT, { ...ROTATION, grace: 0 }, NOW).next?.previous).toBeNull()
  })

  it("ends the grace of the one before", () => {
    const { next } = rotateRecord(IN_GRACE, RIGHT, ROTATION, NOW)
    expect(next === null ? null : admit(next, OLD, NOW)).toBe("wrong-secret")
  })

  it("is not made with the secret in grace", () => {
    expect(rotateRecord(IN_GRACE, OLD, ROTATION, NOW)).toEqual({ next: null, result: { status: "replaced-secret" } })
  })

  it("with changes is one step, at one version", () => {
    expect(rotateRecord(RECORD, RIGHT, { ...ROTATION, write: WRITE }, NOW).next).toMatchObject({
      version: 2,
      body: BODY,
      verifier: "N".repeat(22),
      operations: `opid01${NO_OPERATIONS.slice(0, 18)}`,
    })
    const clash = rotateRecord({ ...RECORD, version: 2 }, RIGHT, { ...ROTATION, write: WRITE }, NOW)
    expect(clash).toMatchObject({ next: null, result: { status: "clash", version: 2 } })
  })

  it("moves the time of authentication only where there is one", () => {
    const again = { ...ROTATION, reauthenticated: true }
    expect(rotateRecord(RECORD, RIGHT, again, NOW + 9).next?.authenticatedAt).toBe(NOW + 9)
    expect(rotateRecord(RECORD, RIGHT, ROTATION, NOW + 9).next?.authenticatedAt).toBe(NOW)
    expect(rotateRecord({ ...RECORD, authenticatedAt: null }, RIGHT, again, NOW)).toEqual({ next: null, result: { status: "not-authenticated" } })
  })
})

describe("a removal", () => {
  it("needs the current secret, one in grace, or the owner", () => {
    const proofs: readonly Proof[] = [RIGHT, OLD, { owner: "ada" }, WRONG, { owner: "bob" }]
    expect(proofs.map((proof) => removeRecord(IN_GRACE, proof, null, NOW).status)).toEqual(["done", "done", "done", "wrong-secret", "missing"])
    expect(removeRecord(null, RIGHT, null, NOW).status).toBe("missing")
  })

  it("may be bound to a version, which only those with a right to the session learn", () => {
    const at = { ...IN_GRACE, version: 3 }
    for (const proof of [RIGHT, OLD, { owner: "ada" }]) {
      expect(removeRecord(at, proof, 3, NOW)).toEqual({ status: "done" })
      for (const other of [1, 2, 4]) expect(removeRecord(at, proof, other, NOW)).toEqual({ status: "clash", version: 3 })
    }
    expect(removeRecord(at, WRONG, 3, NOW)).toEqual({ status: "wrong-secret" })
    expect(removeRecord(at, WRONG, 2, NOW)).toEqual({ status: "wrong-secret" })
    expect(removeRecord(null, RIGHT, 3, NOW)).toEqual({ status: "missing" })
    expect(removeRecord(at, RIGHT, 2, at.absoluteDeadline)).toEqual({ status: "missing" })
  })
})
