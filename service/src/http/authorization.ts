import type { MiddlewareHandler } from "hono"
import type { ApiKeys, Scope } from "./api-keys.js"
import type { HttpEnv } from "./http-env.js"
import { HttpProblem } from "./problem.js"

/** Refuses whoever shows no valid key, before a body is read or a route is looked up. */
export function requireKey(keys: ApiKeys, { except }: { readonly except: readonly string[] }): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    if (!except.includes(c.req.path)) {
      const caller = keys.identify(c.req.header("authorization"))
      if (caller === null) {
        throw new HttpProblem("ERR_API_KEY", "Expected Authorization: Bearer with a valid API key.", {
          headers: { "WWW-Authenticate": 'Bearer realm="coatcheck"' },
        })
      }
      c.set("caller", caller)
    }
    await next()
  }
}

/** Refuses a key that was not given this scope. */
export function requireScope(scope: Scope): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    if (!c.var.caller?.scopes.includes(scope)) {
      const headers = { "WWW-Authenticate": `Bearer realm="coatcheck", error="insufficient_scope", scope="${scope}"` }
      throw new HttpProblem("ERR_SCOPE", `Expected an API key with the scope ${scope}.`, { headers })
    }
    await next()
  }
}
