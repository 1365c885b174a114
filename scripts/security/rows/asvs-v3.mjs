const PAGES = "pages and their headers are the application's, or those of what ends TLS before it"

// OWASP ASVS 5.0, chapter V3: the requirements that reach a session.
export const ASVS_V3 = {
  title: "OWASP ASVS 5.0, V3: what browsers do with a session",
  about: "Those requirements of the [chapter](https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x12-V3-Web-Frontend-Security.md) that reach a session.",
  rows: [
    {
      id: "V3.1.1",
      text: "It is written down which features of browsers are needed, and what happens without",
      notOurs: "it is a paper: [threats.md](threats.md) has the list",
    },
    {
      id: "V3.3.1",
      text: "Cookies are `Secure`, and have a prefix in their name",
      shown: [
        ["unit/web/cookies", "until the browser is closed, for as long as is left, and gone"],
        ["security/on-the-wire", "sets one cookie, always with all of its attributes, always within 4096 bytes"],
        ["browser/cookies", "is Secure, HttpOnly, SameSite=Lax, for this host alone, and ends with the browser"],
      ],
    },
    {
      id: "V3.3.2",
      text: "`SameSite` is set as the cookie's purpose asks",
      shown: [
        ["unit/web/cookies", "strict: until the browser is closed"],
        ["browser/cookies", "Lax: who follows a link from another site arrives signed in"],
        ["browser/cookies", "Strict: who follows a link from another site arrives signed out"],
        ["browser/cookies", "is sent in a frame of another site, and is another one than outside of it"],
      ],
    },
    {
      id: "V3.3.3",
      text: "The name begins with `__Host-`, unless the cookie is shared on purpose",
      shown: [
        ["unit/web/cookies", "by default: until the browser is closed"],
        ["browser/cookies", "is not taken from a neighbour on a subdomain, whatever it sets"],
      ],
    },
    {
      id: "V3.3.4",
      text: "Scripts cannot read the cookie, and its value leaves in `Set-Cookie` alone",
      shown: [
        ["unit/web/cookies", "by default: until the browser is closed"],
        ["conformance/redis-node-redis", "returns a plain value that keeps every field through JSON and spread, and holds no token"],
        ["security/on-the-wire", "has the token in Set-Cookie alone: in no body, no other header, no list, no refusal"],
        ["browser/cookies", "is not seen by a script, and not put in place of by one"],
      ],
    },
    {
      id: "V3.3.5",
      text: "Name and value are no longer than 4096 bytes",
      shown: [["security/on-the-wire", "sets one cookie, always with all of its attributes, always within 4096 bytes"]],
    },
    { id: "V3.4.1", text: "`Strict-Transport-Security` on every answer", notOurs: PAGES },
    {
      id: "V3.4.2",
      text: "Other origins may read answers only where they were named",
      shown: [
        ["service/cross-origin", "no answer tells a browser that a page at"],
        ["security/on-the-wire", "has no header that lets a page at"],
        ["browser/forgery", "a script does not read what the account says"],
      ],
    },
    { id: "V3.4.3", text: "A content security policy", notOurs: PAGES },
    { id: "V3.4.4", text: "`nosniff`", notOurs: PAGES },
    { id: "V3.4.5", text: "A referrer policy", notOurs: `${PAGES}; no token is ever in a URL` },
    {
      id: "V3.4.6",
      text: "Pages cannot be framed by others",
      notOurs: `${PAGES}; in a frame of another site the cookie is not sent unless \`embedded\` was asked for`,
    },
    { id: "V3.4.8", text: "A cross-origin opener policy", notOurs: PAGES },
    {
      id: "V3.5.1",
      text: "Requests that another site made a browser send are told from the application's own",
      shown: [
        ["unit/web/origins", "is judged by Sec-Fetch-Site and Origin, with a cookie or without"],
        ["unit/web/origins", "is never learnt from Host, Referer or what a proxy adds"],
        ["security/forged-requests", "is 403 with a cookie or without, and changes nothing"],
        ["security/forged-requests", "is let in from the application's own page"],
        ["doors/conformance", "with a session or without"],
        ["doors/conformance", "touch no store when they are refused"],
        ["browser/forgery", "a form changes nothing of whoever is signed in"],
        ["browser/forgery", "a script's request with cookies changes nothing"],
        ["browser/forgery", "the very same form is taken"],
      ],
    },
    {
      id: "V3.5.2",
      text: "Where a preflight is relied on, what needs none is refused",
      shown: [["service/refusals", "must say that it is JSON, and be it"]],
    },
    {
      id: "V3.5.3",
      text: "What changes something uses a method that says so",
      shown: [
        ["unit/web/origins", "passes, whatever the headers, until something is changed"],
        ["security/forged-requests", "is 403 too, and changes nothing"],
      ],
    },
    {
      id: "V3.5.4",
      text: "Applications have host names of their own",
      notOurs: "it is for whoever names hosts; `__Host-` keeps neighbours from setting the cookie",
    },
    { id: "V3.5.8", text: "What is for signed-in users can be embedded only where it should be", notOurs: PAGES },
    { id: "V3.7.2", text: "Redirects leave for listed hosts only", notOurs: "the library never redirects" },
  ],
}
