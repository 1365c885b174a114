import { setTimeout as pause } from "node:timers/promises"
import { expect, it, vi } from "vitest"
import { MomentMissed, Timeline } from "../../../testing/session-conformance/timeline.js"

const UNIT_MS = 50

function timeline(fake = false): Timeline {
  return new Timeline((by) => pause(Number.parseInt(String(by), 10)), { unitMs: UNIT_MS, fake })
}

async function setClock(byMs: number): Promise<never> {
  const now = Date.now.bind(Date)
  vi.spyOn(Date, "now").mockImplementation(() => now() + byMs)
  throw new Error("what a session that ended too early, or too late, brings about")
}

it.each([1, -1])("what is seen while the clock is set (times %i) says nothing", async (direction) => {
  for (const look of ["before", "after"] as const) {
    const time = timeline()
    await time.from(async () => undefined)
    await expect(time[look](4, () => setClock(direction * 5 * UNIT_MS))).rejects.toThrow(MomentMissed)
    vi.restoreAllMocks()
    // The next count begins with the clock as it is.
    await time.from(async () => undefined)
    expect(await time[look](4, async () => "seen")).toBe("seen")
  }
})

it("what fails at its moment fails", async () => {
  for (const look of ["before", "after"] as const) {
    const time = timeline()
    await time.from(async () => undefined)
    await expect(time[look](4, () => Promise.reject(new Error("ended early")))).rejects.toThrow("ended early")
  }
})

it("on a fake clock the machine's own decides nothing", async () => {
  const time = timeline(true)
  await time.from(async () => undefined)
  await expect(time.before(4, () => setClock(5 * UNIT_MS))).rejects.toThrow("what a session")
  vi.restoreAllMocks()
})
