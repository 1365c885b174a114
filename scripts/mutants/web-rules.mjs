// The rules of cookies, origins and answers, each with the attack that its absence lets in.
const WEB = "src/web"
const SECURITY = "src/__tests__/security"
const PLANTED = [`${SECURITY}/planted-cookies.test.ts`]
const FORGED = [`${SECURITY}/forged-requests.test.ts`]
const SIGNED_OUT = [`${SECURITY}/signed-out.test.ts`]

export const WEB_MUTANTS = [
  {
    rule: "Two cookies of the session's name are refused",
    file: `${WEB}/cookies.ts`,
    from: "if (found !== undefined) throw",
    to: "if (found === value) throw",
    tests: PLANTED,
    only: "in either order",
  },
  {
    rule: "A cookie beside a bearer token is refused",
    file: `${WEB}/credentials.ts`,
    from: "if (cookie !== undefined) throw",
    to: 'if (cookie === "") throw',
    tests: PLANTED,
    only: "beside one",
  },
  {
    rule: "Two Authorization headers are refused",
    file: `${WEB}/bearer.ts`,
    from: "if (FURTHER.test(",
    to: "if (header === null && FURTHER.test(",
    tests: PLANTED,
    only: "beside one",
  },
  {
    rule: "The session's cookie is kept from scripts",
    file: `${WEB}/cookie-settings.ts`,
    from: "    httpOnly: true,\n",
    to: "    httpOnly: false,\n",
    tests: [`${SECURITY}/on-the-wire.test.ts`],
    only: "sets one cookie",
  },
  {
    rule: "A neighbour on another subdomain is somebody else",
    file: `${WEB}/origins.ts`,
    from: 'site === "none")',
    to: 'site === "none" || site === "same-site")',
    tests: FORGED,
    only: "POST /note is 403",
  },
  {
    rule: "An origin that is not listed is refused, whatever Sec-Fetch-Site says",
    file: `${WEB}/origins.ts`,
    from: "return origins.has(origin) && ",
    to: 'return (site === "same-origin" || origins.has(origin)) && ',
    tests: FORGED,
    only: "POST /note is 403",
  },
  {
    rule: "A request that says nothing of its origin is not the application's",
    file: `${WEB}/origins.ts`,
    from: '(site === "same-origin" || site === "none")',
    to: '(site === undefined || site === "same-origin" || site === "none")',
    tests: FORGED,
    only: "POST /note is 403",
  },
  {
    rule: "A form elsewhere signs nobody in, with a cookie or without",
    file: `${WEB}/forgery.ts`,
    from: 'kind === "bearer") return',
    to: 'kind !== "cookie") return',
    tests: FORGED,
    only: "POST /sign-in.user=mallory is 403",
  },
  {
    rule: "A WebSocket is judged by its Origin alone",
    file: `${WEB}/origins.ts`,
    from: "return !upgrade && (site",
    to: "return (site",
    tests: SIGNED_OUT,
    only: "though it brings the cookie",
  },
  {
    rule: "A WebSocket is closed when its session has ended elsewhere",
    file: "src/doors/SocketWatch.ts",
    from: "if (open === false) close(socket, ENDED)\n      else if",
    to: "if",
    tests: SIGNED_OUT,
    only: "is closed when its session ends",
  },
  {
    rule: "What a session had to do with is kept by no cache",
    file: `${WEB}/WebRequest.ts`,
    from: 'this.#response.set("cache-control", NO_STORE)',
    to: "void 0",
    tests: [`${SECURITY}/shared-caches.test.ts`],
  },
  {
    rule: "A route that asks for a recent proof gets one",
    file: `${WEB}/authenticator.ts`,
    from: "if (maxAgeMs !== null && ",
    to: "if (maxAgeMs === 0 && ",
    tests: [`${SECURITY}/step-up.test.ts`],
    only: "lets nobody in whose proof is older",
  },
  {
    rule: "A store that is away is no sign-out",
    file: `${WEB}/known-errors.ts`,
    from: "ERR_STORE_UNAVAILABLE: UNAVAILABLE,",
    to: "ERR_STORE_UNAVAILABLE: SIGNED_OUT,",
    tests: [`${SECURITY}/store-away.test.ts`],
    only: "redis is away because it is dead",
  },
]
