const SUITE = "conformance/redis-node-redis"

// Attacks that were seen on sessions elsewhere, or that follow from how sessions are kept.
export const ATTACKS = {
  title: "Attacks",
  about: "What was done to sessions elsewhere, or could be.",
  rows: [
    {
      id: "A1",
      text: "Session fixation: a session from before the sign-in becomes the user's",
      shown: [
        [SUITE, "a session never becomes somebody else's: attributes change, its people do not"],
        ["races/interleavings", "a sign-out at a version leaves the update that came before it, and is told"],
        ["security/fixation", "is not the user's: another handle, another secret, and the old one opens nothing"],
        ["security/fixation", "never becomes the user's for requests that run beside the sign-in"],
        ["security/fixation", "of another user ends, and leaves the next one nothing"],
        ["browser/cookies", "is another after signing in than one that was planted before"],
        ["races/requests", "a guest signs in in two tabs at once: both are signed in, under sessions of their own"],
      ],
    },
    {
      id: "A2",
      text: "An id that somebody made up is taken for a session's",
      shown: [
        ["scripts/session-scripts", "no step creates a record that is not there"],
        ["security/unguessable", "cannot be brought along: no call takes a token, an id or a secret for a new session"],
        ["security/fixation", "is no session, makes none, and is not answered with a cookie"],
        ["security/fixation", "is not taken over by a sign-in"],
      ],
    },
    {
      id: "A3",
      text: "A request that was under way brings an ended session back",
      shown: [
        ["security/ended-is-ended", "does not bring the session back, and is told"],
        ["races/never-revived", "never undoes"],
        ["races/interleavings", "a sign-out wins against"],
        ["races/late-copies", "copies of a touch, an extension and a sign-out do no harm"],
        ["security/signed-out", "gets nothing of 200 requests that begin after the sign-out was answered"],
        ["http/races", "was answered, nobody comes in"],
        ["drop-in/records", "that were ended are brought back by no touch and by no save"],
      ],
    },
    {
      id: "A4",
      text: "A failover or a restart brings an ended session back",
      shown: [
        ["failover/lost-sign-outs", "has them back from whoever lives, and from nobody else"],
        ["failover/durability", "keep a sign-out that was acknowledged by a replica, though the process that made it is gone"],
      ],
      open: "a server that loses what it acknowledged, while the processes that asked for it are gone too, brings sessions back; `durability` and AOF narrow it, a restored backup is beyond it",
    },
    {
      id: "A5",
      text: "A rotation beside a sign-out leaves a new token for a dead session",
      shown: [
        ["security/ended-is-ended", "'a rotation' that began before"],
        ["security/ended-is-ended", "'a step-up' that began before"],
      ],
    },
    {
      id: "A6",
      text: "A session that its user's list lost cannot be ended",
      shown: [
        ["security/whole-lists", "200 sign-ins of one user at once are all in the list, and ending all leaves none"],
        ["security/whole-lists", "after the list was deleted by hand, ending all thoroughly leaves no session of the user"],
      ],
    },
    {
      id: "A7",
      text: "A sign-in overtakes a change of password: looked at before, opened after",
      open: "there are no tickets that bind a sign-in to the state of the account when its password was looked at",
    },
    {
      id: "A8",
      text: "Updates of one session undo each other",
      shown: [
        ["races/concurrent-writers", "64 writers that add one 50 times each end at exactly 3 200"],
        ["races/concurrent-writers", "parallel writers of different attributes all survive"],
        [SUITE, "ifVersion: of several writers at one version one wins, and the others are told"],
      ],
    },
    {
      id: "A9",
      text: "The time of an answer tells how much of a guessed secret was right",
      shown: [
        ["unit/infrastructure/services/session/verifiers", "match the one that is stored, and tell which"],
        ["security/told-apart", "get one and the same answer to"],
        ["security/told-apart", "take the time that is measured here, and judged nowhere"],
      ],
    },
    {
      id: "A10",
      text: "A list or an export shows what opens sessions",
      shown: [
        [SUITE, "lists a user's sessions, newest first, as getSession shows them and without a token"],
        ["service/users", "are listed a page at a time, newest first, and never with a token"],
        [SUITE, "no event ever holds a secret or an attribute"],
        ["security/on-the-wire", "has the token in Set-Cookie alone"],
        ["security/step-up", "shows a user's own sessions, the current one marked, and nothing that opens one"],
        ["unit/application/open-session", "has no way to the token: not by inspection, names, symbols or prototypes"],
      ],
    },
    {
      id: "A11",
      text: "Somebody reads the store: a dump, a replica, MONITOR, the slow log",
      shown: [
        ["leaks/leaks", "no secret of a token, no key and no password is in any command, key, value, error, event or log"],
        ["leaks/leaks", "none is in any byte of the file or its log, nor in an error, event or log"],
        ["security/from-a-dump", "what lies in the store opens nothing when it is sent as a token"],
      ],
      open: "attributes and user ids lie there in plain text",
    },
    {
      id: "A12",
      text: "Somebody writes to the store, and makes or changes a record",
      open: "records are not authenticated: whoever can write to the store is trusted. A checksum finds accidents, not attackers",
    },
    {
      id: "A13",
      text: "The store's client hands out the answer to another request",
      shown: [
        ["security/swapped-replies", "nobody is let in as somebody else, and the wrong secret is told of"],
        ["security/swapped-replies", "nothing is written into a session from what lies in another"],
        ["security/swapped-replies", "a list shows nobody else's sessions"],
      ],
    },
    {
      id: "A14",
      text: "Attributes change the prototypes of the program's objects",
      shown: [
        [SUITE, "is refused at any depth, and pollutes nothing"],
        ["unit/domain/session/attributes", "are refused at any depth"],
        [SUITE, "refuses the output of a schema that holds a prototype key"],
        ["security/hostile-input", "reach no prototype and are not stored"],
        ["security/hostile-input", "nobody becomes another user, recent, or an administrator"],
      ],
    },
    {
      id: "A15",
      text: "Visitors fill the store or the memory: bots, huge or deep data, many cookies",
      shown: [
        [SUITE, "refuses what is larger than 64 KiB, counted after the merge, and changes nothing"],
        [SUITE, "are bounded in depth and number, and huge ones are refused without harm"],
        ["unit/web/cookies", "looks through 16 384 characters, and no more"],
        ["unit/web/device", "fits into a session, whatever the header"],
        ["security/hostile-input", "1000 of them leave no key in the store and get no cookie"],
        ["security/hostile-input", "beyond their bounds are refused, and what was there stays"],
        ["security/hostile-input", "with a cookie header beyond its bound, or of a thousand cookies"],
      ],
      open: "nothing limits by itself how many guests' sessions an application opens; a rule of `coatcheck/rate-limit` can",
    },
    {
      id: "A16",
      text: "Tokens and user ids that mean something to the store",
      shown: [
        ["bad-input/tokens-and-users", "answers a malformed text like a missing session, and sends nothing"],
        ["bad-input/tokens-and-users", "refuses what is no user id, and sends nothing"],
        ["stored-form/valid-at-each-moment", "no byte of a user id gets into a key, and nobody else's list is named"],
        ["security/hostile-input", "is a user like any other, or refused"],
        ["security/hostile-input", "are strangers"],
      ],
    },
    {
      id: "A17",
      text: "One token in several spellings",
      shown: [
        ["unit/domain/session/ticket", "has one spelling only: no other text means the same bytes"],
        ["unit/domain/session/ticket", "before or after it"],
      ],
    },
    {
      id: "A18",
      text: "A neighbouring host plants a second cookie, or one with a name that looks alike",
      shown: [
        ["unit/web/cookies", "never lets two of the name through, whatever stands between and around"],
        ["unit/web/cookies", "refuses two of the name"],
        ["security/planted-cookies", "is refused in either order, in one header or in two, and nobody is let in or signed out"],
        ["security/planted-cookies", "opens nothing, and does not stand in the way of the right one"],
        ["browser/cookies", "is not taken from a neighbour on a subdomain, whatever it sets"],
        ["browser/cookies", "cannot plant a cookie of this name before anybody signed in"],
      ],
    },
    {
      id: "A19",
      text: "A shared cache hands one user's answer or cookie to another",
      shown: [
        ["unit/web/WebRequest", "is kept by nobody, whatever the handler set"],
        ["security/shared-caches", "keeps what nobody's session was looked at for, and hands out no page of one user to another"],
        ["security/shared-caches", "is told so by every answer that a session had to do with"],
      ],
    },
    {
      id: "A20",
      text: "Secrets in logs, errors and traces",
      shown: [
        ["leaks/leaks", "no secret of a token, no key and no password is in any command, key, value, error, event or log"],
        ["service/life", "are in nothing that the process prints, whatever it is sent, wherever it is sent"],
        ["service/refusals", "never repeat names or values that were sent"],
        ["unit/web/cookies", "says nothing of a value when it refuses"],
        ["security/on-the-wire", "tells of a wrong user, a wrong secret and a wrong state of the store nothing but the kind of refusal"],
      ],
    },
    {
      id: "A21",
      text: "Line breaks in a user agent or a label make log lines or headers",
      shown: [
        ["unit/web/device", "keeps no control character"],
        ["security/on-the-wire", "has no header that a visitor wrote"],
      ],
    },
    {
      id: "A22",
      text: "Wrong clocks, and processes that start anew, prolong sessions",
      shown: [
        ["time/wrong-host-clocks", "ends short sessions on time, for every host"],
        ["time/wrong-host-clocks", "judges a future time of authentication by the server's time"],
        ["service/life", "kill -9 loses no session that was acknowledged"],
      ],
      open: "whoever can set the store's clock can prolong and end sessions",
    },
    {
      id: "A23",
      text: "A store that is short of memory throws out what denies access",
      shown: [
        ["unit/infrastructure/redis/upkeep/doctor-rules", "allkeys-lru"],
        ["doctor/doctor-on-servers", "tells an eviction policy, a full memory, and a disk that failed"],
        ["stored-form/full-server", "nobody is let in, and nobody is kept from reading, staying and signing out"],
        ["security/whole-lists", "after the list was deleted by hand, ending all thoroughly leaves no session of the user"],
      ],
    },
    {
      id: "A24",
      text: "While the store is away, everybody is let in, or everybody is signed out",
      shown: [
        ["unit/infrastructure/services/session/SessionService", "rejects with the store's error, and never answers null for it"],
        ["clients/redis-connect", "comes back by itself when the server does, and applies nothing meanwhile"],
        ["clients/server-refusals", "LOADING"],
        ["clients/server-refusals", "READONLY and MASTERDOWN"],
        ["clients/server-refusals", "OOM"],
        ["service/life", "is 503 on every route meanwhile, and nobody is signed out"],
        ["unit/web/problem", "says when to come again: soon, or when somebody has mended it"],
        ["security/store-away", "503 on every route, nobody is signed out, and a sign-out is not said to be done"],
        ["security/store-away", "because it takes no writes: sessions go on, sign-ins are 503, and a sign-out still works"],
        ["http/outages", "lets nobody in and logs nobody out"],
        ["http/outages", "a store that is full signs nobody in, and goes on with whoever is"],
        ["http/outages", "while a replica takes over, nobody is logged out"],
      ],
    },
    {
      id: "A25",
      text: "Another site makes the browser send requests: changes, sign-ins, sign-outs",
      shown: [
        ["unit/web/origins", "is judged by Sec-Fetch-Site and Origin, with a cookie or without"],
        ["unit/web/origins", "is judged by Origin alone"],
        ["unit/web/origins", "a bearer token excuses nothing where bearer tokens are not read, or beside the cookie"],
        ["security/forged-requests", "is 403 with a cookie or without, and changes nothing"],
        ["security/forged-requests", "is 403 too, and changes nothing"],
        ["security/forged-requests", "is told by where it came from, not by the method it names in a header"],
        ["security/forged-requests", "need not say where it is; with a cookie beside it, it must"],
        ["browser/forgery", "a form changes nothing of whoever is signed in"],
        ["browser/forgery", "a form does not sign out"],
        ["browser/forgery", "a form does not sign the visitor in as somebody else"],
        ["browser/forgery", "a form in a sandbox, which has no origin, is refused"],
        ["doors/conformance", "may read, but signing in is checked on any method"],
      ],
    },
    {
      id: "A26",
      text: "Weak or repeated random numbers",
      shown: [
        ["security/unguessable", "are 100 000 without a repetition"],
        ["security/unguessable", "draw neither on Math.random nor on UUIDs"],
        ["security/unguessable", "cannot be brought along"],
      ],
    },
    {
      id: "A27",
      text: "Rate limits are passed by spellings of addresses, by forged headers, or by many requests at once",
      shown: [
        ["unit/web/client-address", "canonicalAddress"],
        ["unit/web/client-address", "finds whom proxy-addr finds"],
        ["unit/shared/addresses", "brings every form of an IPv4 address together, and no two addresses"],
        ["rate-limit/conformance", "addresses count in their canonical form"],
        ["rate-limit/conformance", "allows exactly the limit of calls of one moment"],
        ["rate-limit/several-processes", "no span holds more than the formula"],
        ["rate-limit/login-protection", "a thousand at once are no more than the limit"],
      ],
    },
    {
      id: "A28",
      text: "Somebody locks the owner of an account out by guessing",
      shown: [
        ["rate-limit/login-protection", "has a count of its own, so that strangers lock nobody out"],
        ["rate-limit/login-protection", "has none with a token of another account, a made-up one, or none at all"],
        ["rate-limit/login-protection", "too many tries of everybody are told, and deny nobody"],
      ],
    },
    {
      id: "A29",
      text: "What is remembered of a session outlives its end, a change of roles, or an owed factor",
      shown: [
        ["races/shared-reads", "a read asked for after an acknowledged sign-out finds nothing, though an older one is under way"],
        ["races/shared-reads", "a read asked for after an acknowledged update sees it"],
        [SUITE, "a pending session signs nobody in: 5 idle minutes, 10 in all, never authenticated"],
        ["security/step-up", "a session that waits for a second factor does not open"],
        ["doors/conformance", "lets nobody in whose second factor is still owed"],
        ["security/impersonation", "ends when the one it came from does"],
      ],
    },
    {
      id: "A30",
      text: "After a change of keys, something unsigned is taken too",
      shown: [
        ["unit/infrastructure/services/session/verifiers", "of plain SHA-256 are refused once there are secrets, unless listed"],
        [SUITE, "sessions from before there were keys are refused, unless sha256 is listed"],
        ["security/keys-replaced", "with the old key its sessions go, and no others"],
      ],
    },
    {
      id: "A31",
      text: "A sign-out only clears the cookie",
      shown: [
        [SUITE, "ends the session: absent for every later call, gone from the list; a second call says false"],
        ["service/session", "is signed out with 204, once"],
        ["security/signed-out", "opens nothing after a sign-out"],
        ["security/near-cached", "after a sign-out in this process finds nothing"],
        ["security/near-cached", "after a sign-out in another process finds nothing by a read that begins later than a lease"],
      ],
      open: "with a near-cache, which is off unless it is asked for, another process may still read an ended session for as long as a lease, 1 s by default",
    },
    {
      id: "A32",
      text: "Somebody ends sessions of others",
      shown: [
        [SUITE, "with updateUserSession: another user's session, a guest's, and what is no handle are missing"],
        [SUITE, "does nothing for a wrong secret"],
        ["service/users", "are ended one by one: 204, then 404, and 404 for another user's"],
        ["security/step-up", "ends nobody else's session"],
        ["security/impersonation", "ends none of the user's sessions"],
      ],
    },
    {
      id: "A33",
      text: "A token of one application is taken by another on the same store",
      shown: [
        ["security/from-a-dump", "a token of another application on the same server opens nothing: another prefix"],
        ["security/from-a-dump", "a token of another application on the same server opens nothing: other keys under the same prefix"],
      ],
      open: "two applications with one prefix and one key are one application",
    },
    {
      id: "A34",
      text: "Rotations beside each other sign people out",
      shown: [
        [SUITE, "of several rotations of one token one wins, and the others are told"],
        [SUITE, "in grace the old token may read, update, extend and delete, but not rotate"],
        ["races/late-copies", "a copy of a rotation answers the same new token"],
        ["http/races", "10 000 requests sign nobody out"],
        ["http/races", "who steps up stays signed in with the new cookie, and no answer takes it away"],
      ],
      open: "a browser that never got the answer to a rotation is signed out when the grace is over; nothing rotates by itself",
    },
    {
      id: "A35",
      text: "A stolen token is used elsewhere",
      open: "a replaced token that comes back after its grace opens nothing and is told of by an event, but its session does not end; an ended session leaves no mark (tombstone) by which its token could be told from one that never was; nothing binds a token to a device",
    },
    { id: "A36", text: "Endpoints of device-bound sessions (DBSC) are misused", open: "there are none: sessions are not bound to devices" },
    {
      id: "A37",
      text: "What lies in the store runs when it is read",
      shown: [
        ["bad-input/stored-garbage", "is that session's error alone; the others live on, and it can be ended"],
        ["unit/infrastructure/services/session/record-json", "is refused when anything that the caller wrote is changed"],
      ],
    },
    {
      id: "A38",
      text: "A WebSocket goes on after its session has ended",
      shown: [
        ["security/signed-out", "that is open is closed when its session ends, in this process or in another"],
        ["security/signed-out", "is refused, though it brings the cookie"],
        ["browser/sockets", "is refused, cookie or not"],
        ["browser/sockets", "is closed when another tab signs out"],
      ],
    },
    {
      id: "A39",
      text: "Something of a person stays after everything was erased",
      shown: [
        ["security/erased", "erasing a user leaves no key and no value that names the person, also where the user's list had lost a session"],
        [
          "unit/application/user-data",
          "all that is kept of a user is counted, handed over over all pages without a token, and erased; nothing of anybody else",
        ],
      ],
      open: "a session in which the person acts for somebody else names the person until it ends; hashes of the user id, the account and the address name lists and rate limits until those end, and a guess can be compared with them; a SQLite file, a log of the store and a backup keep deleted bytes until they are written anew; sessions of `coatcheck/express-session` and its like are not found by their user",
    },
    {
      id: "A40",
      text: "A key cannot be replaced without signing everybody out, or never goes away",
      shown: [["security/keys-replaced", "nobody is signed out, whichever release answers; with the old key its sessions go, and no others"]],
    },
    {
      id: "A41",
      text: "Two cookies, two headers, lists where one value was expected",
      shown: [
        ["unit/web/credentials", "is more than one header"],
        ["unit/web/credentials", "beside a cookie is refused, were they equal"],
        ["unit/web/cookies", "refuses two of the name"],
        ["service/session", "without one token is 400"],
        ["security/planted-cookies", "two Authorization headers, or a cookie beside one, are refused"],
        ["security/planted-cookies", "are not looked for in a URL or a body"],
      ],
    },
    {
      id: "A42",
      text: "One request makes the store walk over everything",
      shown: [
        ["cost/many-sessions", "nothing ever walks the keyspace but a cleanup and a thorough sign-out"],
        ["cost/many-sessions", "listing 50 of a user's sessions takes two round trips, however many there are"],
        ["cost/commands", "a refused input sends nothing"],
      ],
      open: "ending all sessions of a user takes a step for each page of them: no number per user that one write could raise is kept",
    },
    {
      id: "A43",
      text: "A sign-out says that it was done though the store did not do it",
      shown: [
        ["failover/durability", "by an error where a session was to end"],
        ["service/life", "is 503 on every route meanwhile, and nobody is signed out"],
        ["security/store-away", "503 on every route, nobody is signed out, and a sign-out is not said to be done"],
        ["http/outages", "lets nobody in and logs nobody out"],
      ],
    },
  ],
}
