import { describe, expect, it } from "vitest"
import { NearCache } from "../../../../../infrastructure/redis/reads/near-cache.js"

const made = (bounds: { maxEntries?: number; maxBytes?: number } = {}) =>
  new NearCache<{ n: number }>({ maxEntries: 100, maxBytes: 100_000, ownerOf: ({ n }) => (n < 0 ? null : `owner ${n % 3}`), ...bounds })
const keep = (cache: NearCache<{ n: number }>, name: string, n: number, bytes = 100): boolean => cache.land(cache.begin(name), { n }, bytes)

describe("NearCache", () => {
  it("keeps what a read brought", () => {
    const cache = made()
    expect(cache.get("a")).toBeUndefined()
    expect(keep(cache, "a", 1)).toBe(true)
    expect(cache.get("a")).toEqual({ n: 1 })
  })

  it.each([
    ["its key changed", (cache: ReturnType<typeof made>) => cache.forget("a")],
    ["any may have changed", (cache: ReturnType<typeof made>) => cache.forgetAll()],
    ["some changed, and nobody knows whether it", (cache: ReturnType<typeof made>) => cache.forgetWhere(() => false)],
    ["all of somebody changed, and nobody knows whose it is", (cache: ReturnType<typeof made>) => cache.forgetOwned("owner 2")],
    ["it was given up", (cache: ReturnType<typeof made>, flight: ReturnType<ReturnType<typeof made>["begin"]>) => cache.end(flight)],
  ])("does not keep what a read brought when %s", (_why, happens) => {
    const cache = made()
    const flight = cache.begin("a")
    happens(cache, flight)
    expect(cache.land(flight, { n: 1 }, 100)).toBe(false)
    expect(cache.get("a")).toBeUndefined()
  })

  it("keeps what the first of several reads of a key brought, and all of them end with a change", () => {
    const cache = made()
    const [first, second, third] = [cache.begin("a"), cache.begin("a"), cache.begin("a")]
    expect(cache.land(first, { n: 1 }, 100)).toBe(true)
    expect(cache.get("a")).toEqual({ n: 1 })
    expect(cache.land(second, { n: 1 }, 100)).toBe(true)
    cache.forget("a")
    expect(cache.land(third, { n: 1 }, 100)).toBe(false)
    expect(cache.get("a")).toBeUndefined()
  })

  it("keeps what was read while another key changed", () => {
    const cache = made()
    const flight = cache.begin("a")
    cache.forget("b")
    expect(cache.land(flight, { n: 1 }, 100)).toBe(true)
  })

  it("keeps a read once", () => {
    const cache = made()
    const flight = cache.begin("a")
    cache.land(flight, { n: 1 }, 100)
    cache.forget("a")
    expect(cache.land(flight, { n: 1 }, 100)).toBe(false)
  })

  it("forgets those that are concerned", () => {
    const cache = made()
    for (let n = 0; n < 50; n += 1) keep(cache, `s${n}`, n)
    cache.forgetWhere(({ n }) => n % 2 === 0)
    for (let n = 0; n < 50; n += 1) expect(cache.get(`s${n}`)?.n).toBe(n % 2 === 0 ? undefined : n)
  })

  it("forgets those of an owner, also where they were kept anew, and leaves those of nobody", () => {
    const cache = made({ maxEntries: 12 })
    for (const n of [0, 1, 2, 3, 4, 5, -1]) keep(cache, `s${n}`, n)
    keep(cache, "s3", 3)
    cache.forget("s0")
    cache.forgetOwned("owner 0")
    expect([0, 1, 2, 3, 4, 5, -1].filter((n) => cache.get(`s${n}`) !== undefined)).toEqual([1, 2, 4, 5, -1])
    keep(cache, "s0", 0)
    expect(cache.get("s0")).toEqual({ n: 0 })
    cache.forgetOwned("owner 0")
    expect(cache.get("s0")).toBeUndefined()
    cache.forgetAll()
    keep(cache, "s1", 1)
    cache.forgetOwned("owner 1")
    expect(cache.get("s1")).toBeUndefined()
  })

  it("holds no names of what it has put out", () => {
    const owners: string[] = []
    const cache = new NearCache<{ n: number }>({ maxEntries: 3, maxBytes: 1_000, ownerOf: ({ n }) => owners[owners.push(String(n)) - 1] ?? null })
    for (let n = 0; n < 20; n += 1) keep(cache, `s${n}`, n)
    // Each was asked for its owner when it was kept, and all but the last three when they were put out.
    expect(owners).toHaveLength(20 + 17)
  })

  it("is bounded in entries: what was used longest ago goes first", () => {
    const cache = made({ maxEntries: 3 })
    for (const [n, name] of ["a", "b", "c"].entries()) keep(cache, name, n)
    cache.get("a")
    keep(cache, "d", 3)
    expect(["a", "b", "c", "d"].map((name) => cache.get(name)?.n)).toEqual([0, undefined, 2, 3])
  })

  it("is bounded in bytes", () => {
    const cache = made({ maxBytes: 1_000 })
    for (let n = 0; n < 20; n += 1) keep(cache, `s${n}`, n, 300)
    expect(Array.from({ length: 20 }, (_, n) => cache.get(`s${n}`)).filter((entry) => entry !== undefined)).toHaveLength(3)
    keep(cache, "giant", 1, 2_000)
    expect(cache.get("giant")).toBeUndefined()
  })
})
