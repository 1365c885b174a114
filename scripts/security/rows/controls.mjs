const SUITE = "conformance/redis-node-redis"

/** How others stand, in the order of PEERS: y(es), p(art), n(o), or - where it does not apply. */
const beside = (marks) => [...marks.replaceAll(" ", "")].map((mark) => ({ y: "yes", p: "part", n: "no", "-": "none" })[mark])

export const CONTROLS = [
  {
    id: "C1",
    text: "Ids or secrets of at least 128 bits from a cryptographic generator",
    peers: beside("y y - y y y y p y y"),
    shown: [["security/unguessable", "are 100 000 without a repetition, each with a secret of 32 bytes and an id of 16"]],
  },
  {
    id: "C2",
    text: "Whoever reads the store finds nothing that opens a session",
    peers: beside("p p - p y y n n n p"),
    shown: [["security/from-a-dump", "what lies in the store opens nothing when it is sent as a token"]],
  },
  {
    id: "C3",
    text: "Unknown ids are never taken over, and what is no token is not looked up",
    peers: beside("y y y y p y p p p p"),
    shown: [
      ["scripts/session-scripts", "no step creates a record that is not there"],
      ["bad-input/tokens-and-users", "answers a malformed text like a missing session, and sends nothing"],
    ],
  },
  {
    id: "C4",
    text: "Signing in and proving again give a new token, without the application's help",
    peers: beside("p p - p p p p y p p"),
    shown: [
      ["security/fixation", "is not the user's: another handle, another secret, and the old one opens nothing"],
      ["security/step-up", "gives a new secret, and the one before opens nothing from that moment on"],
    ],
  },
  {
    id: "C5",
    text: "An idle timeout by default, kept by the server",
    peers: beside("y p n y y y n y p p"),
    shown: [
      [SUITE, "gives a user 24 idle hours and 30 days in all"],
      [SUITE, "idle: never early, and at most a tenth of the timeout late"],
    ],
  },
  {
    id: "C6",
    text: "An absolute lifetime by default, which use does not prolong",
    peers: beside("n n p n n n p n p y"),
    shown: [
      [SUITE, "gives a user 24 idle hours and 30 days in all"],
      ["time/idle-and-absolute", "the absolute deadline is exceeded by no touch, update, extension or rotation"],
    ],
  },
  {
    id: "C7",
    text: "No write that was under way brings an ended session back",
    peers: beside("n n n p y y p p p n"),
    shown: [
      ["security/ended-is-ended", "does not bring the session back, and is told"],
      ["races/never-revived", "never undoes"],
      ["http/races", "was answered, nobody comes in"],
    ],
  },
  {
    id: "C8",
    text: "No update of a session's data is lost",
    peers: beside("n n n p - n p y n n"),
    shown: [["races/concurrent-writers", "64 writers that add one 50 times each end at exactly 3 200"]],
  },
  {
    id: "C9",
    text: "A user's sessions are listed by handles that open nothing",
    peers: beside("n n n p n y y p n n"),
    shown: [[SUITE, "lists a user's sessions, newest first, as getSession shows them and without a token"]],
  },
  {
    id: "C10",
    text: "Ending one, all but one or all is complete and immediate, whatever runs beside it",
    peers: beside("n n n p n p p p p p"),
    shown: [
      ["races/session-limit", "a sign-out everywhere beside logins ends all before it, and leaves none alive that the list lacks"],
      ["security/whole-lists", "200 sign-ins of one user at once are all in the list, and ending all leaves none"],
      ["security/ended-is-ended", "does not bring the session back, and is told"],
      [SUITE, "ends one session by its handle, and only that one"],
      [SUITE, "except: leaves the one with that handle"],
      ["security/near-cached", "in this process finds nothing"],
      ["security/near-cached", "in another process finds nothing by a read that begins later than a lease"],
    ],
    open: "with a near-cache, which is off unless it is asked for, another process may still read an ended session for as long as a lease, 1 s by default",
  },
  {
    id: "C11",
    text: "A limit of sessions a user that holds under parallel sign-ins",
    peers: beside("n n n n n n p p n n"),
    shown: [["races/session-limit", "200 parallel logins with a limit of 5 leave exactly 5"]],
  },
  {
    id: "C12",
    text: "A rotation leaves requests under way a grace",
    peers: beside("n n n n n y n n n n"),
    shown: [[SUITE, "in grace the old token may read, update, extend and delete, but not rotate"]],
  },
  {
    id: "C13",
    text: "A replaced token that comes back ends its session",
    peers: beside("n n n n n y n n n n"),
    shown: [[SUITE, "so is a token from before a rotation, once its grace is over"]],
    open: "it opens nothing and is told of by an event; the session goes on",
  },
  {
    id: "C14",
    text: "When, or how strongly, a user proved who they are is kept and can be asked for",
    peers: beside("n n n p n p y y n n"),
    shown: [["security/step-up", "lets nobody in whose proof is older, and says so as RFC 9470 does; after a new one it does"]],
  },
  {
    id: "C15",
    text: "Cookies are `Secure`, `HttpOnly`, `SameSite` and `__Host-` by default",
    peers: beside("n p p p n p p p p p"),
    shown: [
      ["security/on-the-wire", "sets one cookie, always with all of its attributes, always within 4096 bytes"],
      ["browser/cookies", "is Secure, HttpOnly, SameSite=Lax, for this host alone, and ends with the browser"],
    ],
  },
  {
    id: "C16",
    text: "Forged requests are refused by default",
    peers: beside("n p n p n p y y y n"),
    shown: [
      ["security/forged-requests", "is 403 with a cookie or without, and changes nothing"],
      ["browser/forgery", "a form changes nothing of whoever is signed in"],
    ],
  },
  {
    id: "C17",
    text: "Rate limits that are atomic and believe no forged address",
    peers: beside("n n n p n p n n n n"),
    shown: [
      ["rate-limit/conformance", "takes all or nothing"],
      ["rate-limit/conformance", "allows exactly the limit of calls of one moment"],
      ["rate-limit/conformance", "addresses count in their canonical form"],
      ["unit/web/client-address", "finds whom proxy-addr finds"],
    ],
  },
  {
    id: "C18",
    text: "Events of a session's life, and no ids that open something in logs",
    peers: beside("n n n p n p y p p n"),
    shown: [
      [SUITE, "a session is created, rotated and ended; reads, updates and extensions make no event"],
      [SUITE, "no event ever holds a secret or an attribute"],
      ["unit/application/audit", "hears of whole lives, and never of a token"],
    ],
  },
  {
    id: "C19",
    text: "Keys can be replaced and nobody is signed out",
    peers: beside("y y y y - y y - y -"),
    shown: [["security/keys-replaced", "nobody is signed out, whichever release answers; with the old key its sessions go, and no others"]],
  },
  {
    id: "C20",
    text: "Sessions are bound to a device (DBSC, DPoP, mTLS)",
    peers: beside("n n n n n n n n n n"),
    open: "not delivered yet",
  },
]
