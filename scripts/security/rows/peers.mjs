// Other session libraries, as they are when nothing is turned on: which versions were read, and what the cells of the comparison rest on.
export const PEERS = [
  {
    short: "express",
    name: "express-session with connect-redis",
    read: "1.19 and 9.0.0",
    why: "Ids of 192 bits in signed cookies; the whole session is written back by SET, so a slow request restores what was ended; a list of a user's sessions does not exist; while the store is away, requests go on without a session.",
  },
  {
    short: "fastify",
    name: "@fastify/session",
    read: "11.1.2",
    why: "Writes the whole session at each answer by default; regenerating the id is a call that the application makes; `Secure` and `HttpOnly` are on, `SameSite` is not.",
  },
  {
    short: "iron",
    name: "iron-session",
    read: "8.0.4",
    why: "The session is the sealed cookie: there is no server to end it, and signing out clears the cookie only.",
  },
  {
    short: "better-auth",
    name: "better-auth",
    read: "1.7.1",
    why: "A whole authentication framework; with Redis, sessions and the list of a user's sessions are read, changed and written back; its list gives tokens out; checks origins and limits rates on its own routes.",
  },
  {
    short: "lucia",
    name: "lucia, a reference file to copy",
    read: "2026",
    why: "Id and secret apart, the secret hashed; the rest is left to whoever copies it.",
  },
  {
    short: "SuperTokens",
    name: "SuperTokens core and supertokens-node",
    read: "core 12.1",
    why: "Refresh tokens that rotate, with a grace and detection of reuse; access tokens of an hour stay valid after an end unless the database is asked.",
  },
  {
    short: "Kratos",
    name: "Ory Kratos",
    read: "26.2",
    why: "A server with its own flows: devices, levels of assurance, traces of what happened; a proof that is renewed keeps its token, and lifetimes can be prolonged without end.",
  },
  {
    short: "Spring",
    name: "Spring Session with Spring Security",
    read: "main of August 2026",
    why: "Writes only what changed; a new id at sign-in and protection from forged requests by default; ids are UUIDs, lie in the store as they are, and an ended record can be made again by a late write.",
  },
  {
    short: "Django",
    name: "Django, contrib.sessions and contrib.auth",
    read: "several versions",
    why: "A change of password voids all other sessions; the key in the store is the cookie's; sessions are written as a whole.",
  },
  {
    short: "scs",
    name: "alexedwards/scs with its Redis store",
    read: "main of 2026",
    why: "An absolute lifetime by default; the token is hashed only when asked; with an idle timeout each request writes everything back.",
  },
]
