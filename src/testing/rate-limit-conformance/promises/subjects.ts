import assert from "node:assert/strict"
import type { Subject } from "../../../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { RateLimitSuite } from "../rate-limit-suite.js"

const ONE = { api: { limit: 1, window: "1h" } } as const
/** Each row is one address to a rate limit. */
const SAME: readonly (readonly (string | undefined)[])[] = [
  ["192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7:8080", "[::ffff:c000:207]:443", "64:ff9b::192.0.2.7", "2002:c000:207:1::1"],
  ["64:ff9b::192.0.2.9"],
  ["2001:db8::1", "2001:0DB8:0:0:0:0:0:1", "[2001:db8::1]:443", "2001:db8::1%eth0", "2001:db8:0:0:ffff:ffff:ffff:ffff"],
  ["2001:db8:0:1::1", "2001:db8:0:1::2"],
  ["192.0.2.8"],
  ["::1"],
  [undefined, "", "unknown", "192.0.2", "192.0.2.7, 192.0.2.8", "1.2.3.4.5", "::1::", "0x7f.1", "x".repeat(9_000)],
]

export function subjectPromises(suite: RateLimitSuite): void {
  suite.group("subjects", () => {
    suite.it("of two kinds never meet, though their texts be alike", ONE, async ({ service }) => {
      const subjects: readonly Subject[] = [
        { address: "::1" },
        { userId: "::1" },
        { sessionId: "::1" },
        { device: "::1" },
        { key: "::1" },
        { key: "userId\0::1" },
        { userId: "é" },
        { userId: "e\u0301" },
      ]
      for (const subject of subjects)
        assert.deepEqual([(await service.checkRateLimit(subject, "api")).allowed, (await service.checkRateLimit(subject, "api")).allowed], [true, false])
    })

    suite.it("addresses count in their canonical form, IPv6 by its network, and those that cannot be read together", ONE, async ({ service }) => {
      for (const row of SAME) {
        const allowed: boolean[] = []
        for (const address of row) allowed.push((await service.checkRateLimit({ address }, "api")).allowed)
        assert.deepEqual(
          allowed,
          row.map((_address, at) => at === 0),
          String(row[0]),
        )
      }
    })
  })
}
