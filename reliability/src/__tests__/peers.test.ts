import { expect, it } from "vitest"
import { runPeers } from "../peers/run-peers.js"
import { quickSettings } from "./quick-settings.js"

it("the same visits revive sessions and lose updates in a peer, and not in coatcheck", { timeout: 600_000 }, async () => {
  const [own, peer, ...more] = await runPeers(quickSettings(7))
  expect(more).toEqual([])
  expect(own).toMatchObject({ name: "coatcheck", verdict: "passed", figures: { "revived sessions": 0, "lost updates": 0, "hung calls": 0 }, why: [] })
  expect(peer?.name).toBe("express-session with connect-redis")
  for (const row of [own, peer]) {
    expect(row?.figures["sign-outs beside a slow request"]).toBeGreaterThan(0)
    expect(row?.figures["pairs of updates side by side"]).toBeGreaterThan(0)
    expect(row?.figures["replies lost on purpose"]).toBeGreaterThan(0)
  }
  expect(peer?.figures["revived sessions"]).toBeGreaterThan(0)
  expect(peer?.figures["lost updates"]).toBeGreaterThan(0)
})
