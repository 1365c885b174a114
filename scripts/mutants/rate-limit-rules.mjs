// The rules of rate limits and of sign-ins: as in rules.mjs.
const LUA = "src/infrastructure/redis/lua"
const LIMITS = "src/infrastructure/services/rate-limit"
const TESTS = "src/__tests__"
const UNIT = `${TESTS}/unit`
const RATES = "src/domain/rate-limit"
const ALGORITHMS = [`${UNIT}/domain/rate-limit/algorithms.test.ts`]
const RATE_LIMITS = [`${TESTS}/rate-limit/conformance.test.ts`]
const RATE_FRONT = [`${UNIT}/infrastructure/services/rate-limit/RateLimitFront.test.ts`]
const LOGINS = [`${TESTS}/rate-limit/login-protection.test.ts`]

export const RATE_LIMIT_MUTANTS = [
  {
    rule: "A sliding log counts a unit for the whole window",
    file: `${RATES}/sliding-log.ts`,
    from: "at > now - period)",
    to: "at > now - period / 2)",
    tests: ALGORITHMS,
  },
  {
    rule: "GCRA admits no more than its burst",
    file: `${RATES}/gcra.ts`,
    from: "(cost - capacity) * period - now",
    to: "(cost - capacity - 1) * period - now",
    tests: ALGORITHMS,
  },
  {
    rule: "A sliding counter weighs the window before",
    file: `${RATES}/sliding-counter.ts`,
    from: "return Math.ceil((previous *",
    to: "return Math.ceil((0 * previous *",
    tests: ALGORITHMS,
  },
  {
    rule: "A clock that is set back limits nobody for longer than if all had just been taken",
    file: `${RATES}/gcra.ts`,
    from: "[Math.min(full, now + capacity * period)]\n  },\n  used",
    to: "[full]\n  },\n  used",
    tests: ALGORITHMS,
  },
  {
    rule: "A rule has no name that every object has",
    file: `${RATES}/rules.ts`,
    from: " || name in Object.prototype",
    to: "",
    tests: [`${UNIT}/domain/rate-limit/rules.test.ts`],
  },
  {
    rule: "Of several rules all are taken, or none",
    file: `${RATES}/table.ts`,
    from: "if (!looked.every(",
    to: "if (!looked.some(",
    tests: RATE_LIMITS,
    only: "memory checkRateLimits",
  },
  {
    rule: "Of several rules all are taken on Redis, or none",
    file: `${LUA}/rate-take.lua`,
    from: "all_fit = false",
    to: "all_fit = true",
    tests: RATE_LIMITS,
    only: "redis through node-redis checkRateLimits",
  },
  {
    rule: "Of the calls that travel together each is decided for itself",
    file: `${LUA}/rate-take.lua`,
    from: "until not claim.more",
    to: "until at > #KEYS",
    tests: [`${TESTS}/scripts/rate-scripts.test.ts`],
  },
  {
    rule: "A check whose caller went away before it was sent is never sent",
    file: `${LIMITS}/take-batch.ts`,
    from: "if (one.signal?.aborted) {",
    to: "if (false) {",
    tests: [`${UNIT}/infrastructure/services/rate-limit/take-batch.test.ts`],
  },
  {
    rule: "A lease that has ended cannot be renewed",
    file: `${LUA}/rate-lease.lua`,
    from: "local fits = is_held",
    to: "local fits = true",
    tests: RATE_LIMITS,
    only: "redis through node-redis acquireLease",
  },
  {
    rule: "Subjects of two kinds never meet",
    file: `${LIMITS}/subjects.ts`,
    from: 'hash("sha256", `$' + "{kind}",
    to: 'hash("sha256", `$' + "{typeof kind}",
    tests: RATE_LIMITS,
    only: "memory subjects",
  },
  {
    rule: "IPv6 addresses count by their network",
    file: "src/shared/addresses.ts",
    from: 'return address.includes(":") ?',
    to: 'return address.includes("::::") ?',
    tests: RATE_LIMITS,
    only: "memory subjects",
  },
  {
    rule: "Without its store a rule denies",
    file: `${LIMITS}/decisions.ts`,
    from: 'if (rule.onOutage === "open" ||',
    to: 'if (rule.onOutage !== "local" ||',
    tests: RATE_FRONT,
  },
  {
    rule: "Subjects that find no room in a process share one count",
    file: `${LIMITS}/MemoryRateLimits.ts`,
    from: "this.#entries.size < this.#mostEntries",
    to: "this.#entries.size >= 0",
    tests: RATE_FRONT,
  },
  {
    rule: "A check is not sent a second time",
    file: "src/infrastructure/redis/scripts/ScriptRunner.ts",
    from: "reply(script, await this.#redis.run(script, keys, args, options))\n    this.#observed(script, values[0])",
    to: "reply(script, (await this.repeatable((own) => this.#redis.run(script, keys, args, own), options)).value)\n    this.#observed(script, values[0])",
    tests: [`${TESTS}/rate-limit/round-trips.test.ts`],
    only: "never counts a check twice",
  },
  {
    rule: "A denial is known for no longer than the store said",
    file: `${LIMITS}/known-denials.ts`,
    from: "if (passed >= (",
    to: "if (passed >= 2 * (",
    tests: [`${UNIT}/infrastructure/services/rate-limit/known-denials.test.ts`],
  },
  {
    rule: "A denial from before a reset is not remembered after it",
    file: `${LIMITS}/known-denials.ts`,
    from: "if (denial.sentAt <= this.#unchangedSince) return",
    to: "",
    tests: [`${UNIT}/infrastructure/services/rate-limit/known-denials.test.ts`],
  },
  {
    rule: "A sign-in gives back its own units when it succeeds",
    file: "src/application/login-protection.ts",
    from: "await taking.giveBack().catch(() => undefined)",
    to: "",
    tests: LOGINS,
    only: "gives back its own unit",
  },
  {
    rule: "A verification that answers false is a failure",
    file: "src/application/login-protection.ts",
    from: "(await verify()) || null",
    to: "(await verify()) ?? null",
    tests: LOGINS,
    only: "has failed when its verification answers",
  },
  {
    rule: "A device token is good for its account alone",
    file: `${LIMITS}/device-tokens.ts`,
    from: "(named: string, account: string): string {\n",
    to: "(named: string, account: string): string {\n  account = String(account.length > 0)\n",
    tests: LOGINS,
    only: "has none with a token of another account",
  },
  {
    rule: "Too many sign-ins of everybody deny nobody",
    file: "src/config/create-login-protection.ts",
    from: '"global"), shadow: true }',
    to: '"global"), shadow: false }',
    tests: LOGINS,
    only: "too many tries of everybody",
  },
  {
    rule: "An account has one spelling",
    file: `${RATES}/accounts.ts`,
    from: 'given.normalize("NFKC").toLowerCase()',
    to: "given",
    tests: LOGINS,
    only: "however it is spelt",
  },
]
