// What the near-cache promises of what it serves, and for how long.
const READS = "src/infrastructure/redis/reads"
const SESSIONS = "src/infrastructure/services/session"
const LINK = ["src/__tests__/unit/infrastructure/redis/reads/TrackedLink.test.ts"]
const KEPT = ["src/__tests__/unit/infrastructure/redis/reads/near-cache.test.ts"]
const OWN = ["src/__tests__/near-cache/own-writes.test.ts"]
const SERVED = ["src/__tests__/near-cache/serving.test.ts"]
const ENDED = ["src/__tests__/security/near-cached.test.ts"]
const BROKEN = ["src/__tests__/near-cache/faults.test.ts"]

export const NEAR_CACHE_MUTANTS = [
  {
    rule: "The near-cache keeps nothing from before its connection was lost",
    file: `${READS}/TrackedLink.ts`,
    from: "    this.lease.end()\n    this.#options.onLapse()\n    connection?.close()",
    to: "    this.lease.end()\n    connection?.close()",
    tests: [...LINK, ...BROKEN],
    only: "forgets all before it connects again|keeps nothing from before its connection was killed",
  },
  {
    rule: "The lease is checked when something is served, not by a timer",
    file: `${SESSIONS}/KeptSessions.ts`,
    from: "if (now > link.lease.until) {",
    to: "if (link.lease.until === Number.NEGATIVE_INFINITY) {",
    tests: BROKEN,
    only: "though no timer could run",
  },
  {
    rule: "A reply that is older than a change that was heard of is not kept",
    file: `${READS}/near-cache.ts`,
    from: "    this.#flights.delete(name)\n",
    to: "",
    tests: KEPT,
    only: "when its key changed",
  },
  {
    rule: "A reply that is older than a lapse is not kept",
    file: `${READS}/near-cache.ts`,
    from: "    this.#flights.clear()\n    this.#entries.clear()",
    to: "    this.#entries.clear()",
    tests: KEPT,
    only: "when any may have changed",
  },
  {
    rule: "The lease counts from when the probe was sent",
    file: `${READS}/TrackedLink.ts`,
    from: "this.lease.renew(sentAt, serverTime)",
    to: "this.lease.renew(performance.now(), serverTime)",
    tests: LINK,
    only: "counts the lease from when the probe was sent",
  },
  {
    rule: "A node that gave slots away keeps nothing that was read over its connection",
    file: `${READS}/TrackedLink.ts`,
    from: "if (slots !== this.#slots) return",
    to: "if (slots === null) return",
    tests: LINK,
    only: "leaves it when slots have moved",
  },
  {
    rule: "A server that is no primary renews no lease",
    file: `${READS}/lease-probe.ts`,
    from: 'if (!Array.isArray(role) || String(role[0]) !== "master") return null',
    to: "void role",
    tests: LINK,
    only: "leaves a replica",
  },
  {
    rule: "An answer that is an error renews no lease",
    file: `${READS}/TrackedLink.ts`,
    from: "if (failed !== undefined) return this.#refused(wordOf(failed.reason))",
    to: 'if (failed !== undefined && answers.every(({ status }) => status === "rejected")) return this.#refused(wordOf(failed.reason))',
    tests: LINK,
    only: "renews nothing when it is answered",
  },
  {
    rule: "This process's own writes are forgotten before their caller is answered",
    file: `${READS}/WatchedWrites.ts`,
    from: "return script.readOnly ? reply : reply.finally(() => this.#onWritten(keys))",
    to: "return reply",
    tests: OWN,
    only: "updates",
  },
  {
    rule: "A near-cache serves no session beyond its deadlines",
    file: `${SESSIONS}/KeptSessions.ts`,
    from: "serverTime >= kept.endsAt || ",
    to: "",
    tests: ENDED,
    only: "serves no session beyond",
  },
  {
    rule: "A process with a near-cache serves nothing that it has ended itself",
    file: `${READS}/WatchedWrites.ts`,
    from: "return script.readOnly ? reply : reply.finally(() => this.#onWritten(keys))",
    to: "return reply",
    tests: ENDED,
    only: "in this process finds nothing",
  },
  {
    rule: "A near-cache drops what another process has ended",
    file: `${SESSIONS}/KeptSessions.ts`,
    from: "onInvalidated: (key) => (key === null ? this.#cache.forgetAll() : this.#forgetKeys([key])),",
    to: "onInvalidated: () => undefined,",
    tests: ENDED,
    only: "in another process finds nothing",
  },
  {
    rule: "A secret in grace is served no longer than its grace",
    file: `${SESSIONS}/KeptSessions.ts`,
    from: "kept.endsAt = Math.min(kept.endsAt, record.previous.until)",
    to: "void record.previous.until",
    tests: OWN,
    only: "a secret whose grace is over",
  },
  {
    rule: "A near-cache compares secrets",
    file: `${SESSIONS}/KeptSessions.ts`,
    from: "return isSameText(token, kept.token, HANDLE_LENGTH) ? kept.answer : undefined",
    to: "return kept.answer",
    tests: SERVED,
    only: "asks the store for a secret that was not proved",
  },
  {
    rule: "A near-cache compares secrets to their end",
    file: `${SESSIONS}/KeptSessions.ts`,
    from: "return isSameText(token, kept.token, HANDLE_LENGTH) ? kept.answer : undefined",
    to: "return token === kept.token ? kept.answer : undefined",
    tests: ["src/__tests__/security/secrets-compared.test.ts"],
    only: "a near-cache compares",
  },
  {
    rule: "What several callers share none of them can change",
    file: `${SESSIONS}/shared-session.ts`,
    from: 'for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFrozen(part)',
    to: "",
    tests: SERVED,
    only: "gives each caller what no other can change",
  },
  {
    rule: "The near-cache reads the database that the application's client was led to",
    file: "src/infrastructure/redis/clients/tracked-connection.ts",
    from: "if (wanted !== undefined && wanted !== current)",
    to: "if (wanted === undefined)",
    tests: ["src/__tests__/near-cache/opening.test.ts"],
    only: "follows SELECT",
  },
]
