// What doors promise of heads, refusals and open sockets.
const DOORS = "src/doors"
const HEADS = ["src/__tests__/doors/heads.test.ts"]
const SOCKETS = ["src/__tests__/doors/websocket.test.ts"]
const EVERY_DOOR = ["src/__tests__/doors/conformance.test.ts"]

export const DOOR_MUTANTS = [
  ...["hono", "web"].map((door) => ({
    rule: `A limit by address needs an address on the door of ${door}`,
    file: `${DOORS}/${door}.ts`,
    from: "if (remoteAddress === undefined) assertAddressIsFound(",
    to: "if (remoteAddress !== undefined) assertAddressIsFound(",
    tests: ["src/__tests__/doors/rate-limit.test.ts"],
    only: "where it can find none",
  })),
  {
    rule: "What the session adds to a head stands over what the handler set",
    file: `${DOORS}/AnswerHead.ts`,
    from: "this.#callback?.()",
    to: "void this.#callback",
    tests: EVERY_DOOR,
    only: "never kept by caches",
  },
  {
    rule: "A handler's own cookies stay beside the session's",
    file: `${DOORS}/AnswerHead.ts`,
    from: 'addition.instead = name !== "set-cookie"',
    to: "addition.instead = true",
    tests: EVERY_DOOR,
    only: "has one cookie of the session",
  },
  {
    rule: "A repeated header that Node hides is seen",
    file: `${DOORS}/node-head.ts`,
    from: "  if (values.length > 1) return values.join(separator)\n",
    to: "",
    tests: EVERY_DOOR,
    only: "beside a bearer token",
  },
  {
    rule: "Two doors on one route give one cookie",
    file: `${DOORS}/node-head.ts`,
    from: "if (known !== undefined) return known",
    to: "",
    tests: HEADS,
    only: "gives one cookie",
  },
  {
    rule: "A response that is sent again and again keeps nobody's cookie",
    file: `${DOORS}/web-head.ts`,
    from: "const headers = new Headers(answer.headers)",
    to: "const headers = answer.headers",
    tests: HEADS,
    only: "never keep somebody's cookie",
  },
  {
    rule: "Signing in is refused once a Web response has been given",
    file: `${DOORS}/web.ts`,
    from: "if (outer === undefined) head.sent = true",
    to: "",
    tests: EVERY_DOOR,
    only: "is not there any more",
  },
  {
    rule: "A guarded handler of Fastify does not run after a refusal",
    file: `${DOORS}/fastify.ts`,
    from: "if (!entered.ok) await refuse(reply, entered)",
    to: "if (!entered.ok) void refuse(reply, entered)",
    tests: HEADS,
    only: "does not go on",
  },
  {
    rule: "What a handler of Express rejects with reaches Express",
    file: `${DOORS}/express.ts`,
    from: "run().catch(nextOrAnswer)",
    to: "run().catch(() => next())",
    tests: EVERY_DOOR,
    only: "a handler's own mistake",
  },
  {
    rule: "A socket whose session has ended is not heard",
    file: `${DOORS}/SocketWatch.ts`,
    from: "  silence(socket)\n",
    to: "",
    tests: SOCKETS,
    only: "is not heard any more",
  },
  {
    rule: "A socket is not kept open by a store that does not answer",
    file: `${DOORS}/SocketWatch.ts`,
    from: "else if (unknown === MOST_UNKNOWN_LOOKS)",
    to: "else if (unknown < 0)",
    tests: SOCKETS,
    only: "closed with 1013",
  },
  {
    rule: "Looking at a socket's session is no activity",
    file: "src/web/authenticator.ts",
    from: "credentials.token, false)",
    to: "credentials.token, true)",
    tests: SOCKETS,
    only: "looking is no activity",
  },
]
