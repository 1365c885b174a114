// The layer law. Each rule's comment says what to do instead.
const CLIENTS =
  "node_modules/(redis|@redis/[^/]+|ioredis|iovalkey|libsql|better-sqlite3)/|^(redis|@redis/.+|ioredis|iovalkey|libsql|better-sqlite3|(node:)?sqlite)$"
const FRAMEWORKS = "(^|node_modules/)(@types/)?(express|express-serve-static-core|fastify|hono|@hono/[^/]+|koa|ws)(/|$)"
const TYPED_INJECT = "(^|node_modules/)typed-inject(/|$)"

/** Whatever lies in a layer may import that layer and the named ones, and nothing else, neither npm nor node:. */
const sealed = (name, layer, allowed, comment, alsoAllowed = []) => ({
  name,
  severity: "error",
  comment,
  from: { path: `^src/${layer}/` },
  to: { pathNot: [`^src/(${[layer, ...allowed].join("|")})/`, ...alsoAllowed] },
})

/** Whatever lies in a layer may import, within src, that layer and the named ones. */
const layered = (name, layer, allowed, comment) => ({
  name,
  severity: "error",
  comment,
  from: { path: `^src/${layer}/` },
  to: { path: "^src/", pathNot: `^src/(${[layer, ...allowed].join("|")})/` },
})

const forbidden = (name, from, to, comment) => ({ name, severity: "error", comment, from, to })

export default {
  forbidden: [
    sealed("shared-is-a-leaf", "shared", [], "Move what needs more than `ms` and `ipaddr.js` into the layer that uses it.", [
      "(^|node_modules/)(@types/)?(ms|ipaddr[.]js)(/|$)",
    ]),
    sealed("domain-is-pure", "domain", ["shared"], "Put the effect behind a port in domain/interfaces/ports.ts and implement it in infrastructure/."),
    sealed(
      "application-uses-ports",
      "application",
      ["domain", "shared"],
      "Take a port of domain/interfaces/ as an argument; config/ hands in the implementation.",
    ),
    layered(
      "infrastructure-implements-ports",
      "infrastructure",
      ["domain", "shared"],
      "A use case belongs in application/; what two layers need belongs in domain/ or shared/.",
    ),
    sealed(
      "web-knows-no-framework",
      "web",
      ["application", "domain", "shared"],
      "What a framework calls it belongs in its door; what a store needs belongs behind a port of domain/interfaces/.",
      ["(^|node_modules/)(@types/)?(cookie|proxy-addr|ipaddr[.]js|bowser)(/|$)"],
    ),
    layered(
      "doors-hold-no-rules",
      "doors",
      ["application", "domain", "shared", "web"],
      "A rule that two doors need belongs in web/, a use case in application/.",
    ),
    forbidden(
      "doors-load-no-framework",
      { path: "^src/doors/" },
      { path: FRAMEWORKS, dependencyTypesNot: ["type-only"] },
      "Import its types only: the framework is the user's, and optional.",
    ),
    forbidden(
      "each-door-has-its-framework",
      { path: "^src/doors/([^/.]+)[.]ts$", pathNot: "^src/doors/(websocket|SocketWatch)[.]ts$" },
      { path: FRAMEWORKS, pathNot: "(^|node_modules/)(@types/)?$1(/|$)" },
      "Whoever uses one door must not need the types of another framework: take what both need from node:http or the Web's Request.",
    ),
    forbidden(
      "the-websocket-door-has-ws",
      { path: "^src/doors/(websocket|SocketWatch)[.]ts$" },
      { path: FRAMEWORKS, pathNot: "(^|node_modules/)(@types/)?ws(/|$)" },
      "Take what it needs from node:http.",
    ),
    layered(
      "testing-knows-the-contract",
      "testing",
      ["application", "domain", "shared", "web"],
      "Let the caller hand in the service, or the authenticator, under test.",
    ),
    layered(
      "drop-ins-only-translate",
      "drop-in",
      ["config", "domain", "shared"],
      "What every session library needs belongs in infrastructure/services/records/, a rule in domain/records/.",
    ),
    layered(
      "config-is-the-only-composer",
      "config",
      ["application", "domain", "infrastructure", "shared"],
      "Exports, suites and tests come after config/: turn the import round.",
    ),
    layered(
      "exports-know-no-tests",
      "exports",
      ["application", "config", "domain", "infrastructure", "shared", "testing", "web", "doors", "drop-in"],
      "Publish nothing from __tests__/; move it to testing/.",
    ),
    forbidden(
      "exports-only-re-export",
      { path: "^src/exports/" },
      { dependencyTypesNot: ["export"] },
      "Write the code in its layer; exports/ holds `export { … } from` and nothing else.",
    ),
    forbidden(
      "nobody-imports-exports",
      { path: "^src/", pathNot: "^src/(exports|__tests__)/" },
      { path: "^src/exports/" },
      "Import the file that defines the name.",
    ),
    forbidden("nobody-imports-tests", { path: "^src/", pathNot: "^src/__tests__/" }, { path: "^src/__tests__/" }, "Move what users need to testing/."),
    forbidden(
      "nobody-imports-config",
      { path: "^src/", pathNot: "^src/(config|drop-in|exports|__tests__)/" },
      { path: "^src/config/" },
      "Take it as a constructor argument; config/ hands it in. Only a drop-in store, whose library wants a finished object, opens one.",
    ),
    forbidden(
      "one-place-for-the-container",
      { path: "^src/", pathNot: "^src/(config/di-container[.]ts|__tests__/)" },
      { path: TYPED_INJECT },
      "Only config/di-container.ts knows typed-inject; use plain constructor arguments.",
    ),
    forbidden(
      "front-door-without-container",
      { path: "^src/exports/index[.]ts$" },
      { path: TYPED_INJECT, reachable: true },
      "Export it from exports/container.ts instead.",
    ),
    forbidden(
      "clients-load-on-demand",
      { path: "^src/", pathNot: "^src/__tests__/" },
      { path: CLIENTS, dynamic: false },
      "Load it with await import(…) in redis/clients/ or sqlite/, and type it by its shape: the client is the user's, and optional.",
    ),
    forbidden(
      "clients-have-one-home",
      { path: "^src/", pathNot: "^src/(infrastructure/(redis/clients|sqlite)|__tests__)/" },
      { path: CLIENTS },
      "Talk to it through IRedisService or the SQLite driver.",
    ),
    forbidden(
      "no-framework-inside",
      { path: "^src/", pathNot: "^src/(doors|drop-in|__tests__)/" },
      { path: FRAMEWORKS },
      "A framework is known to its own door only.",
    ),
    forbidden(
      "no-dev-dependency",
      { path: "^src/", pathNot: "^src/__tests__/" },
      {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm-peer", "npm-optional", "type-only"],
        pathNot: "^node_modules/@types/",
      },
      "Users do not have it: make it a dependency, or move the code to __tests__/.",
    ),
    forbidden(
      "lua-is-for-the-build",
      { path: "^(src|service)/" },
      { path: "^src/infrastructure/redis/lua/" },
      "Import redis/scripts/scripts.generated.ts; scripts/build-lua.mjs makes it.",
    ),
    forbidden(
      "service-uses-the-package",
      { path: "^(service|reliability|bench)/", pathNot: "/__tests__/" },
      { path: "^(src|dist)/", pathNot: "^dist/exports/" },
      'Import "coatcheck" or one of its subpaths, as any user.',
    ),
    forbidden(
      "service-tests-use-the-package",
      { path: "^(service|reliability|bench)/src/__tests__/" },
      { path: "^(src|dist)/", pathNot: "^(dist/exports|src/__tests__/support)/" },
      'Import "coatcheck" or one of its subpaths; only src/__tests__/support/ is shared by all tests.',
    ),
    forbidden("no-cycle", {}, { circular: true }, "Move what both need into a third file."),
    forbidden(
      "no-orphan",
      {
        orphan: true,
        pathNot:
          "^((service/|reliability/|bench/)?src/__tests__|reliability/src/((workloads|simulation)/worker|faults/(doomed-process|tls/encrypted-application))[.]ts|bench/src/processes/burn[.]ts)",
      },
      {},
      "Use it or delete it.",
    ),
    forbidden(
      "no-unresolved-import",
      { path: "^(src|service|reliability|bench)/" },
      { couldNotResolve: true, pathNot: "^((node:)?sqlite|better-sqlite3)$" },
      "Correct the path, or install the package.",
    ),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: ["node_modules", "^dist/"] },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "node", "default"] },
  },
}
