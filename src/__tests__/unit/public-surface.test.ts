import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { describe, expect, it } from "vitest"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const DOORS = [
  "auth",
  "container",
  "express",
  "express-rate-limit",
  "express-session",
  "fastify",
  "fastify-session",
  "hono",
  "index",
  "koa",
  "koa-session",
  "node",
  "rate-limit",
  "rate-limiter-flexible",
  "testing",
  "web",
  "websocket",
] as const
const LOADED: Readonly<Record<(typeof DOORS)[number], () => Promise<object>>> = {
  auth: () => import("../../exports/auth.js"),
  container: () => import("../../exports/container.js"),
  express: () => import("../../exports/express.js"),
  "express-rate-limit": () => import("../../exports/express-rate-limit.js"),
  "express-session": () => import("../../exports/express-session.js"),
  fastify: () => import("../../exports/fastify.js"),
  "fastify-session": () => import("../../exports/fastify-session.js"),
  hono: () => import("../../exports/hono.js"),
  index: () => import("../../exports/index.js"),
  koa: () => import("../../exports/koa.js"),
  "koa-session": () => import("../../exports/koa-session.js"),
  node: () => import("../../exports/node.js"),
  "rate-limit": () => import("../../exports/rate-limit.js"),
  "rate-limiter-flexible": () => import("../../exports/rate-limiter-flexible.js"),
  testing: () => import("../../exports/testing.js"),
  web: () => import("../../exports/web.js"),
  websocket: () => import("../../exports/websocket.js"),
}

/** The names that each subpath exports. A name that is added or taken away changes what users can rely on: change it here, and in CHANGELOG.md. */
const NAMES: Readonly<Record<(typeof DOORS)[number], { readonly values: readonly string[]; readonly types: readonly string[] }>> = {
  index: {
    values: ["SessionError", "createSessionService"],
    types: [
      "CallOptions",
      "Changes",
      "CleanupOptions",
      "CleanupReport",
      "Clock",
      "CreateSessionOptions",
      "DeepReadonly",
      "DeleteOptions",
      "DeleteSessionOptions",
      "Device",
      "DoctorFinding",
      "DoctorLevel",
      "DoctorReport",
      "Duration",
      "EndReason",
      "ISessionService",
      "IdText",
      "IdleAge",
      "IoRedisLike",
      "IssuedSession",
      "Json",
      "Logger",
      "NearCacheOptions",
      "NodeRedisLike",
      "OptionalKey",
      "Outcome",
      "OwnedSessionService",
      "Patch",
      "RedisClientLike",
      "RotateSessionOptions",
      "SessionAttributes",
      "SessionData",
      "SessionErrorCode",
      "SessionEvent",
      "SessionId",
      "SessionServiceOptions",
      "SessionToken",
      "Storable",
      "StoreUrl",
      "ThoroughOptions",
      "ThoroughProgress",
      "TokenText",
      "UpdateSessionOptions",
      "UserId",
    ],
  },
  auth: {
    values: ["countUserSessions", "createAuthenticator", "eraseUser", "exportUser", "openSession"],
    types: [
      "ActiveSession",
      "ActiveUserSession",
      "AuditActor",
      "AuditDetail",
      "AuditEvent",
      "AuditListener",
      "AuthOptions",
      "Authenticator",
      "AuthenticatorOptions",
      "CookieOptions",
      "DeviceEntry",
      "ImpersonationOptions",
      "PendingOptions",
      "Refusal",
      "RequestAuth",
      "RequestHead",
      "ResponseHead",
      "RouteRule",
      "SignInOptions",
      "SignOutScope",
      "UserExport",
      "Verdict",
    ],
  },
  container: { values: ["DI_TOKENS", "createContainer"], types: ["Bindings", "Container", "ContainerOptions"] },
  express: { values: ["expressDoor"], types: ["ExpressDoor"] },
  fastify: { values: ["fastifyDoor"], types: ["FastifyDoor"] },
  hono: { values: ["honoDoor"], types: ["HonoDoor", "HonoDoorOptions"] },
  koa: { values: ["koaDoor"], types: ["KoaDoor"] },
  node: { values: ["nodeDoor"], types: ["NodeDoor"] },
  web: { values: ["webDoor"], types: ["WebDoor", "WebDoorOptions"] },
  websocket: { values: ["webSocketDoor"], types: ["WebSocketDoor", "WebSocketDoorOptions"] },
  "express-session": { values: ["CoatcheckStore"], types: ["CoatcheckStoreOptions", "StoreUrl"] },
  "fastify-session": { values: ["CoatcheckStore"], types: ["CoatcheckStoreOptions", "StoreUrl"] },
  "express-rate-limit": { values: ["CoatcheckStore"], types: ["StoredLimits"] },
  "rate-limiter-flexible": { values: ["CoatcheckLimiter"], types: ["LimiterLimits", "LimiterResult"] },
  "koa-session": { values: ["CoatcheckStore"], types: ["CoatcheckStoreOptions", "StoreUrl"] },
  "rate-limit": {
    values: ["createLoginProtection", "createRateLimitingService", "rateLimitHeaders", "rateLimitPolicy"],
    types: [
      "ConcurrencyName",
      "ConcurrencyRule",
      "CountingName",
      "CountingRule",
      "IRateLimitingService",
      "Lease",
      "LeaseDenied",
      "LoginAttempt",
      "LoginOutcome",
      "LoginProtection",
      "LoginProtectionOptions",
      "OwnedLoginProtection",
      "OwnedRateLimitingService",
      "RateLimitCheck",
      "RateLimitDecision",
      "RateLimitEvent",
      "RateLimitHeaders",
      "RateLimitPolicy",
      "RateLimitRules",
      "RateLimitingServiceOptions",
      "Subject",
    ],
  },
  testing: {
    values: ["createFakeClock", "describeRateLimitingService", "describeSessionService", "signInAs"],
    types: [
      "Capability",
      "ConformanceSetup",
      "Corruption",
      "FakeClock",
      "ProviderTraits",
      "RateLimitConformanceSetup",
      "RateLimitTraits",
      "RateLimitsUnderTest",
      "RequestedOptions",
      "RequestedRateLimits",
      "ServiceUnderTest",
      "SignedIn",
      "StoreUnderTest",
      "TestRunner",
    ],
  },
}

const program = ts.createProgram(
  DOORS.map((door) => join(ROOT, `src/exports/${door}.ts`)),
  { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, noEmit: true, strict: true, types: [] },
)
const checker = program.getTypeChecker()

function exportsOf(door: string): readonly ts.Symbol[] {
  const file = program.getSourceFile(join(ROOT, `src/exports/${door}.ts`))
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file)
  if (module === undefined) throw new Error(`src/exports/${door}.ts cannot be read`)
  return checker.getExportsOfModule(module).map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
}

const isValue = (symbol: ts.Symbol): boolean => (symbol.flags & ts.SymbolFlags.Value) !== 0
const documented = (symbol: ts.Symbol): boolean => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim().length > 10

function membersOf(name: string): readonly ts.Symbol[] {
  const found = exportsOf("index").find((symbol) => symbol.name === name)
  const members = [...(found?.members?.values() ?? [])].filter((member) => (member.flags & (ts.SymbolFlags.Method | ts.SymbolFlags.Property)) !== 0)
  if (members.length === 0) throw new Error(`${name} has no members`)
  return members
}

describe("the subpaths", () => {
  it("are those of the exports map", () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly exports: Readonly<Record<string, unknown>> }
    const named = DOORS.map((door) => (door === "index" ? "." : `./${door}`))
    expect(Object.keys(exports).sort()).toEqual([...named, "./package.json"].sort())
  })

  it.each(DOORS)("%s exports these values and types, and no others", async (door) => {
    const symbols = exportsOf(door)
    const sorted = (which: readonly ts.Symbol[]): readonly string[] => which.map((symbol) => symbol.name).sort()
    expect({ values: sorted(symbols.filter(isValue)), types: sorted(symbols.filter((symbol) => !isValue(symbol))) }).toEqual(NAMES[door])
    expect(Object.keys(await LOADED[door]()).sort()).toEqual(NAMES[door].values)
  })
})

describe("the docstrings", () => {
  it.each(DOORS)("of %s: each exported function, class and constant has one", (door) => {
    const values = exportsOf(door).filter(isValue)
    expect(values.length).toBeGreaterThan(0)
    expect(values.filter((symbol) => !isDescribed(symbol)).map((symbol) => symbol.name)).toEqual([])
  })

  it("each method of ISessionService has one that says more than a word", () => {
    const methods = membersOf("ISessionService")
    expect(methods.map((method) => method.name).sort()).toEqual([
      "cleanupExpiredSessions",
      "createSession",
      "deleteSession",
      "deleteUserSession",
      "deleteUserSessions",
      "extendSession",
      "getSession",
      "getUserSessions",
      "rotateSession",
      "updateSession",
      "updateUserSession",
    ])
    expect(methods.filter((method) => !documented(method)).map((method) => method.name)).toEqual([])
  })

  it("each method of OwnedSessionService has one, and so has each field of SessionServiceOptions that is its own", () => {
    for (const name of ["OwnedSessionService", "SessionServiceOptions"])
      expect(
        membersOf(name)
          .filter((member) => !documented(member))
          .map((member) => member.name),
      ).toEqual([])
  })

  it("name no code that does not exist", async () => {
    const { ERROR_CODES } = await import("../../domain/errors.js")
    const text = ["domain/interfaces/session/ISessionService.ts", "config/create-session-service.ts", "config/di-container.ts"]
      .map((file) => readFileSync(join(ROOT, "src", file), "utf8"))
      .join("\n")
    const named = new Set(text.match(/\bERR_[A-Z]+(?:_[A-Z]+)*\b/g))
    expect(named.size).toBeGreaterThan(5)
    expect([...named].filter((code) => !Object.hasOwn(ERROR_CODES, code))).toEqual([])
  })
})

/** An overloaded function is described at its first signature, or at any. */
function isDescribed(symbol: ts.Symbol): boolean {
  if (documented(symbol)) return true
  return (symbol.declarations ?? []).some((declaration) => ts.getJSDocCommentsAndTags(declaration).length > 0)
}
