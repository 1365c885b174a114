import assert from "node:assert/strict"
import { assertUnchanged, refuses } from "../expectations.js"
import type { Suite } from "../suite.js"

const LEVELS = ["ok", "warning", "problem", "unknown"]

export function doctorPromises(suite: Suite): void {
  suite.group("doctor", () => {
    suite.it("reports in plain values: what was found, and what to do about all that is not in order", {}, async ({ service }) => {
      const report = await service.doctor()
      assert.ok(report.findings.length > 0)
      assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
      assert.equal(
        report.healthy,
        report.findings.every(({ level }) => level !== "problem"),
      )
      for (const { check, level, found, remedy } of report.findings) {
        assert.ok(LEVELS.includes(level), check)
        assert.match(found, /^\S.*\S$/, check)
        if (level === "ok") assert.equal(remedy, null, check)
        else assert.match(remedy ?? "", /^\S.*\.$/, check)
      }
    })

    suite.it("says whether sessions survive a restart, or what keeps them", {}, async ({ service }) => {
      const { findings } = await service.doctor()
      assert.ok(findings.some(({ check }) => check === "persistence" || check === "journal"))
    })

    suite.it("changes nothing, and takes no unknown option", {}, async ({ service, events }) => {
      const { token, session } = await service.createSession({ userId: "ada" })
      events.length = 0
      await Promise.all([service.doctor(), service.doctor({})])
      await refuses("ERR_INVALID_ARGUMENT", () => service.doctor({ thorough: true } as never))
      await assertUnchanged(service, token, session)
      assert.deepEqual(events, [])
      assert.deepEqual((await service.getUserSessions("ada")).sessions, [session])
    })
  })
}
