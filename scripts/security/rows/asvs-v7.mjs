const SUITE = "conformance/redis-node-redis"

// OWASP ASVS 5.0, chapter V7: every requirement, in words of our own.
export const ASVS_V7 = {
  title: "OWASP ASVS 5.0, V7: session management",
  about: "Every requirement of the [chapter](https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x16-V7-Session-Management.md), in words of our own.",
  rows: [
    {
      id: "V7.1.1",
      text: "Idle and absolute timeouts are written down, and reasons are given where they are longer than NIST's",
      shown: [
        ["unit/infrastructure/services/session/session-settings", "are 24 h idle, 30 d at most, touched every 60 s, without a limit, unless asked otherwise"],
        [SUITE, "takes the timeouts from the service's options"],
      ],
      open: "timeouts are documented and set by option; the reasons are for the application's papers",
    },
    {
      id: "V7.1.2",
      text: "It is defined how many sessions a user may have at once, and what happens to one more",
      shown: [
        [SUITE, "evict-oldest, the default: the oldest ends, and its handle is reported"],
        [SUITE, "reject: refuses the new session, ends none, and has room again when one ends"],
        ["races/session-limit", "200 parallel logins with a limit of 5 leave exactly 5"],
      ],
    },
    {
      id: "V7.1.3",
      text: "Systems that share a sign-in are listed, with lifetimes and ends that fit together",
      shown: [[SUITE, "keeps a second proof's time when an identity provider tells it"]],
      open: "a session keeps when the identity provider saw its user, but not the provider's own session: a sign-out that the provider announces ends all sessions of the user, or none",
    },
    {
      id: "V7.2.1",
      text: "Tokens are verified by a server that is trusted, not by the client",
      shown: [
        [SUITE, "answer null or false for a token that is nobody's, is malformed, or has a wrong secret"],
        ["unit/public-surface", "exports these values and types, and no others"],
      ],
    },
    {
      id: "V7.2.2",
      text: "Each session has a token that was made for it; there are no fixed ones",
      shown: [["security/unguessable", "cannot be brought along: no call takes a token, an id or a secret for a new session"]],
    },
    {
      id: "V7.2.3",
      text: "Tokens are unique, from a cryptographic random generator, with at least 128 bits",
      shown: [
        ["security/unguessable", "are 100 000 without a repetition, each with a secret of 32 bytes and an id of 16"],
        ["security/unguessable", "are not made at all when there is no randomness"],
        ["security/unguessable", "draw neither on Math.random nor on UUIDs"],
      ],
    },
    {
      id: "V7.2.4",
      text: "Signing in, and proving again who one is, gives a new token and ends the old one at once",
      shown: [
        [SUITE, "reauthenticated: moves authenticatedAt to now, without grace"],
        [SUITE, "a session never becomes somebody else's: attributes change, its people do not"],
        ["races/interleavings", "a rotation with changes locks the old secret out of"],
        ["security/fixation", "is not the user's: another handle, another secret, and the old one opens nothing"],
        ["security/step-up", "gives a new secret, and the one before opens nothing from that moment on"],
        ["browser/cookies", "is another after signing in than one that was planted before"],
      ],
    },
    {
      id: "V7.3.1",
      text: "A session that is not used ends, and the server sees to it",
      shown: [
        [SUITE, "idle: never early, and at most a tenth of the timeout late"],
        ["conformance/memory", "idle: never early, and at most a tenth of the timeout late"],
        ["conformance/sqlite-libsql", "idle: never early, and at most a tenth of the timeout late"],
        ["time/wrong-host-clocks", "ends short sessions on time, for every host"],
        ["unit/domain/session/deadlines", "never ends before its idle timeout, and at most the slack later"],
        ["security/near-cached", "serves no session beyond its 'idle' deadline"],
      ],
    },
    {
      id: "V7.3.2",
      text: "A session ends after a fixed time, however much it is used",
      shown: [
        ["time/idle-and-absolute", "the absolute deadline is exceeded by no touch, update, extension or rotation"],
        ["time/idle-and-absolute", "in the last millisecond before the absolute deadline an operation answers null and leaves nothing"],
        ["conformance/memory", "absolute: no"],
        ["conformance/sqlite-libsql", "absolute: no"],
        ["security/near-cached", "serves no session beyond its 'absolute' deadline"],
      ],
    },
    {
      id: "V7.4.1",
      text: "After a sign-out or its end, nothing can be done with a session, and the server has forgotten it",
      shown: [
        ["security/ended-is-ended", "does not bring the session back, and is told"],
        ["races/never-revived", "never undoes"],
        [SUITE, "what has expired is absent for every call, is in no list, and makes no event"],
        ["security/signed-out", "opens nothing after a sign-out"],
        ["security/signed-out", "gets nothing of 200 requests that begin after the sign-out was answered"],
        ["http/races", "was answered, nobody comes in"],
        ["browser/tabs", "who signs out in one is signed out in the other"],
        ["doors/conformance", "here: the cookie goes, and what it held opens nothing"],
        ["security/near-cached", "in this process finds nothing"],
        ["security/near-cached", "in another process finds nothing by a read that begins later than a lease"],
      ],
      open: "with a near-cache, which is off unless it is asked for, another process may still read an ended session for as long as a lease, 1 s by default",
    },
    {
      id: "V7.4.2",
      text: "When an account is closed or barred, all its sessions end",
      shown: [
        [SUITE, "ends all sessions of the user, pending and impersonated ones included, and counts them"],
        ["security/whole-lists", "ending all leaves none"],
        ["races/session-limit", "a sign-out everywhere beside logins ends all before it"],
        ["races/requests", "who is signed out everywhere while signing in is signed in nowhere"],
      ],
      open: "nothing bars a user from new sessions: a sign-in whose password was looked at before may still be made after (see A7)",
    },
    {
      id: "V7.4.3",
      text: "After a change of password or factor, the user can end all other sessions",
      shown: [
        [SUITE, "except: leaves the one with that handle"],
        ["service/users", "are ended all, or all but one"],
        ["security/signed-out", "opens nothing after its owner ended it from another device, or ended all others"],
        ["doors/conformance", "elsewhere: all others are signed out, and this one stays"],
      ],
    },
    { id: "V7.4.4", text: "Every page for signed-in users shows how to sign out", notOurs: "the pages are the application's; examples show one" },
    {
      id: "V7.4.5",
      text: "Administrators can end the sessions of one user, or of all",
      shown: [
        [SUITE, "ends all sessions of the user, pending and impersonated ones included, and counts them"],
        [SUITE, "ends one session by its handle, and only that one"],
        ["service/users", "are ended all, or all but one"],
      ],
      open: "no call ends the sessions of all users; a new key under `secrets` in place of the old one does, and so does another `keyPrefix`",
    },
    {
      id: "V7.5.1",
      text: "Before e-mail address, phone, factors or recovery are changed, the user proves again who they are",
      shown: [
        ["unit/web/problem", "asks for a newer proof as RFC 9470 does"],
        ["security/step-up", "lets nobody in whose proof is older, and says so as RFC 9470 does; after a new one it does"],
        ["security/step-up", "is not moved by use"],
        ["security/impersonation", "gets nothing that asks for a proof, and cannot make one up"],
        ["doors/conformance", "asks for a recent proof as RFC 9470 has it, and takes one"],
      ],
    },
    {
      id: "V7.5.2",
      text: "Users see their sessions, and can end any of them after another proof",
      shown: [
        [SUITE, "lists a user's sessions, newest first, as getSession shows them and without a token"],
        [SUITE, "with updateUserSession: another user's session, a guest's, and what is no handle are missing"],
        ["security/whole-lists", "200 sign-ins of one user at once are all in the list"],
        ["security/step-up", "shows a user's own sessions, the current one marked, and nothing that opens one"],
        ["security/step-up", "ends nobody else's session"],
        ["security/signed-out", "opens nothing after its owner ended it from another device"],
      ],
      open: "ending one asks for a newer proof only where its route does, by `maxAge`",
    },
    {
      id: "V7.5.3",
      text: "What is highly sensitive asks for one more factor",
      shown: [["security/step-up", "lets nobody in whose proof is older"]],
      open: "a route can ask for a recent proof; a proof has no strength, and is not bound to what it was asked for: which factor was asked is for the application to remember",
    },
    {
      id: "V7.6.1",
      text: "Sessions with an identity provider last as long as was agreed",
      shown: [
        [SUITE, "keeps a second proof's time when an identity provider tells it"],
        [SUITE, "refuses an authentication in the future, or one that is no date"],
        ["security/step-up", "lets nobody in whose proof is older"],
      ],
      open: "the time of the provider's proof is kept and can be asked for by `maxAge`; a session does not end when the provider's does",
    },
    {
      id: "V7.6.2",
      text: "No session is opened without the user's doing",
      shown: [
        ["security/hostile-input", "1000 of them leave no key in the store and get no cookie"],
        ["security/fixation", "is no session, makes none, and is not answered with a cookie"],
      ],
    },
  ],
}
