const SUITE = "conformance/redis-node-redis"
const COOKIES = "unit/web/cookies"

// NIST SP 800-63B, revision 4: sections 2, 3 and 5 where they speak of sessions.
export const NIST = {
  title: "NIST SP 800-63B, revision 4",
  about: "What [the guideline](https://pages.nist.gov/800-63-4/sp800-63b.html) asks of sessions, in words of our own.",
  rows: [
    { id: "5.1", text: "Both ends share a secret", shown: [["security/unguessable", "each with a secret of 32 bytes and an id of 16"]] },
    {
      id: "5.1 issue",
      text: "The secret comes from the server, when the user proves who they are",
      shown: [["security/unguessable", "cannot be brought along: no call takes a token, an id or a secret for a new session"]],
    },
    {
      id: "5.1 restart",
      text: "It does not outlast the browser by default",
      shown: [
        [COOKIES, "by default: until the browser is closed"],
        ["security/on-the-wire", "sets one cookie, always with all of its attributes"],
        ["browser/cookies", "for this host alone, and ends with the browser"],
      ],
    },
    {
      id: "5.1 memory",
      text: "A remembered browser is no proof, but for what is left of the session's time",
      shown: [
        [COOKIES, "lasts 400 days at most, as browsers would have it"],
        ["browser/cookies", "outlasts the browser when the user asked to be remembered"],
      ],
      open: "a remembered session is a session with longer timeouts; `maxAge` is how a route asks for a newer proof",
    },
    {
      id: "5.1 AAL",
      text: "A session is never stronger than the proof it began with",
      shown: [
        [SUITE, "cannot reach the session's own fields: attributes of those names are only attributes"],
        [SUITE, "a pending session signs nobody in: 5 idle minutes, 10 in all, never authenticated"],
        ["security/hostile-input", "nobody becomes another user, recent, or an administrator"],
        ["security/impersonation", "gets nothing that asks for a proof, and cannot make one up"],
        ["security/impersonation", "leads to no further one"],
        ["security/impersonation", "needs a recent proof of who acts, and somebody else to act for"],
      ],
      open: "a session knows when its user proved who they are, and whether a factor is still owed; it has no levels",
    },
    {
      id: "5.1(1)",
      text: "It begins with the proof or right after",
      open: "a sign-in is not bound to the moment of its proof: there are no tickets (see A7)",
    },
    {
      id: "5.1(2)",
      text: "From an approved random generator, 64 bits at least",
      shown: [
        ["security/unguessable", "each with a secret of 32 bytes and an id of 16"],
        ["security/unguessable", "are not made at all when there is no randomness"],
      ],
    },
    {
      id: "5.1(3)",
      text: "It is void after a sign-out",
      shown: [
        [COOKIES, "and gone"],
        ["security/ended-is-ended", "does not bring the session back, and is told"],
        ["security/signed-out", "opens nothing after a sign-out"],
        ["browser/cookies", "is gone after signing out"],
      ],
    },
    {
      id: "5.1(4)",
      text: "It travels encrypted only",
      shown: [
        [COOKIES, "by default: until the browser is closed"],
        ["clients/redis-tls", "trusts its authority, and says what is wrong with a certificate"],
      ],
      open: "TLS before the application is the application's; a store is used without TLS when its URL says so, and `doctor` warns of it",
    },
    {
      id: "5.1(5)",
      text: "It is void when its time is up",
      shown: [
        [SUITE, "idle: never early, and at most a tenth of the timeout late"],
        ["time/idle-and-absolute", "the absolute deadline is exceeded by no touch, update, extension or rotation"],
        [SUITE, "what has expired is absent for every call, is in no list, and makes no event"],
        ["security/near-cached", "serves no session beyond its"],
      ],
    },
    {
      id: "5.1(6)",
      text: "Nobody in between gets hold of it",
      shown: [
        [COOKIES, "by default: until the browser is closed"],
        ["unit/web/WebRequest", "is kept by nobody, whatever the handler set"],
        ["unit/web/credentials", "a URL holds no credentials"],
        ["security/on-the-wire", "has the token in Set-Cookie alone"],
        ["security/shared-caches", "is told so by every answer that a session had to do with"],
      ],
    },
    {
      id: "5.1 storage",
      text: "It is not kept where scripts can read it",
      shown: [
        [COOKIES, "by default: until the browser is closed"],
        ["browser/cookies", "is not seen by a script, and not put in place of by one"],
      ],
    },
    {
      id: "5.1 downgrade",
      text: "There is no way back to plain HTTP",
      shown: [["unit/web/origins", "readOrigins refuses"]],
      open: "an application that is reached by plain HTTP as well has to redirect, and to send `Strict-Transport-Security`",
    },
    {
      id: "5.1 forgery",
      text: "What changes something was asked for by the application's own page",
      shown: [
        ["unit/web/origins", "is judged by Sec-Fetch-Site and Origin, with a cookie or without"],
        ["security/forged-requests", "is 403 with a cookie or without, and changes nothing"],
        ["browser/forgery", "a form changes nothing of whoever is signed in"],
      ],
    },
    { id: "5.1 sign-out", text: "Signing out is easy to find", notOurs: "the pages are the application's; examples show one" },
    {
      id: "5.1.1(1-2)",
      text: "Cookies: `Secure`, for as few hosts and paths as can be",
      shown: [[COOKIES, "by default: until the browser is closed"]],
    },
    {
      id: "5.1.1(3)",
      text: "Cookies: `HttpOnly`",
      shown: [
        [COOKIES, "by default: until the browser is closed"],
        ["security/on-the-wire", "sets one cookie, always with all of its attributes"],
      ],
    },
    {
      id: "5.1.1(4)",
      text: "Cookies end with the session, and nothing relies on it",
      shown: [
        [COOKIES, "by default: until the browser is closed"],
        ["time/idle-and-absolute", "the absolute deadline is exceeded by no touch, update, extension or rotation"],
      ],
    },
    {
      id: "5.1.1(5)",
      text: "Cookies: `__Host-` and `Path=/`",
      shown: [
        [COOKIES, "by default: until the browser is closed"],
        ["security/on-the-wire", "sets one cookie, always with all of its attributes"],
      ],
    },
    {
      id: "5.1.1(6)",
      text: "Cookies: `SameSite` Lax or Strict",
      shown: [
        [COOKIES, "by default: until the browser is closed"],
        ["security/on-the-wire", "sets one cookie, always with all of its attributes"],
        ["browser/cookies", "Lax: who follows a link from another site arrives signed in"],
      ],
    },
    {
      id: "5.1.1(7)",
      text: "Cookies say nothing of the user",
      shown: [[SUITE, "issues a token in canonical base64url that begins with the handle"]],
      open: "three characters of a token are 16 bits of a hash of the user id: whoever has a list of user ids can often tell whose it is",
    },
    {
      id: "5.1.2",
      text: "A token for an API is no sign that the user is there",
      open: "a bearer token is the session's own, and a recent proof in it counts as one",
    },
    {
      id: "5.2",
      text: "Two timers: use moves the idle one, a new proof both",
      shown: [
        [SUITE, "a read moves the idle deadline, and nothing else"],
        [SUITE, "absolute: no extension, update or rotation goes beyond it"],
        [SUITE, "reauthenticated: moves authenticatedAt to now, without grace"],
        ["security/step-up", "is not moved by use"],
      ],
      open: "a new proof moves the idle deadline and never the absolute one: only a new sign-in begins a new lifetime, which is stricter",
    },
    {
      id: "2.1.3",
      text: "AAL1: 30 days in all at most",
      shown: [
        ["unit/infrastructure/services/session/session-settings", "are 24 h idle, 30 d at most, touched every 60 s, without a limit, unless asked otherwise"],
      ],
    },
    {
      id: "2.2.3",
      text: "AAL2: 24 hours in all, one idle hour; then one factor may wake it",
      shown: [[SUITE, "prefers the timeouts of the call"]],
      open: "the timeouts can be asked for; a session that was idle too long is over and cannot be woken by one factor",
    },
    {
      id: "2.3.3",
      text: "AAL3: 12 hours in all, 15 idle minutes; then the full proof",
      shown: [[SUITE, "prefers the timeouts of the call"]],
      open: "the timeouts can be asked for; nothing refuses longer ones",
    },
    {
      id: "3.2.2",
      text: "100 wrong proofs in a row at most, with waits that grow",
      shown: [
        ["rate-limit/login-protection", "is not verified once too many failed for its account from its address, and for its account from anywhere"],
        ["rate-limit/login-protection", "has to wait longer each time its tries are used up, up to an hour"],
      ],
      open: "ten in 15 minutes and waits of up to an hour, when the application uses `createLoginProtection`; nothing bars an account for good",
    },
    {
      id: "5.3",
      text: "Sessions are watched for misuse, and little is kept for it",
      shown: [
        [SUITE, "a known handle with a wrong secret is told of by every call with a token"],
        ["unit/web/WebRequest", "a session remembers the client behind the proxy, as much of it as is wanted"],
      ],
      open: "events tell of wrong and of replaced secrets; what to do about it is the application's",
    },
  ],
}
