// Lets Node 24 run the sources as they are: it strips types by itself, but imports name the built `.js` files.
// better-sqlite3 13 lies beside that Node, because the project's own Node cannot load it.
import { registerHooks } from "node:module"

const BESIDE_NODE = new URL("../../../.cache/node24/", import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "better-sqlite3") return next(specifier, { ...context, parentURL: BESIDE_NODE })
    if (!specifier.startsWith(".") || context.parentURL?.includes("/node_modules/")) return next(specifier, context)
    return next(specifier.replace(/\.js$/, ".ts"), context)
  },
})
