import { isUtf8 } from "node:buffer"
import type { MiddlewareHandler } from "hono"
import { bodyLimit } from "hono/body-limit"
import { HttpProblem, unsupportedMediaType } from "./problem.js"

/**
 * Reads the body of a route: its size, that it says it is JSON, and that its bytes are UTF-8.
 * A lenient decoder would replace broken bytes by U+FFFD, and the caller's data would be changed without a word.
 *
 * @param maxSize - bytes
 * @param required - whether the route can do without a body
 */
export function jsonBody(maxSize: number, { required }: { readonly required: boolean }): readonly [MiddlewareHandler, MiddlewareHandler] {
  const limit = bodyLimit({
    maxSize,
    onError: () => {
      throw new HttpProblem("ERR_BODY_TOO_LARGE", `Expected a body of at most ${maxSize} bytes.`)
    },
  })
  const check: MiddlewareHandler = async (c, next) => {
    const type = c.req.header("content-type")
    const bytes = await c.req.arrayBuffer()
    if (type === undefined ? required || bytes.byteLength > 0 : !/^application\/json *(?:; *charset="?utf-8"? *)?$/i.test(type)) throw unsupportedMediaType()
    if (!isUtf8(bytes)) throw new HttpProblem("ERR_INVALID_ARGUMENT", "Expected a body that is well-formed UTF-8.")
    await next()
  }
  return [limit, check]
}
