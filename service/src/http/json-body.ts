import { isUtf8 } from "node:buffer"
import type { MiddlewareHandler } from "hono"
import { HttpProblem, unsupportedMediaType } from "./problem.js"

/**
 * Reads the body of a route: its size, that it says it is JSON, and that its bytes are UTF-8.
 * A lenient decoder would replace broken bytes by U+FFFD, and the caller's data would be changed without a word.
 *
 * @param maxSize - bytes
 * @param required - whether the route can do without a body
 */
export function jsonBody(maxSize: number, { required }: { readonly required: boolean }): MiddlewareHandler {
  return async (c, next) => {
    const type = c.req.header("content-type")
    const bytes = await readAtMost(maxSize, c.req.raw)
    if (type === undefined ? required || bytes.byteLength > 0 : !/^application\/json *(?:; *charset="?utf-8"? *)?$/i.test(type)) throw unsupportedMediaType()
    if (!isUtf8(bytes)) throw new HttpProblem("ERR_INVALID_ARGUMENT", "Expected a body that is well-formed UTF-8.")
    // The body was consumed: those after this one read it from a request that has it again.
    const body = bytes.byteLength === 0 && !required ? "{}" : bytes
    c.req.raw = new Request(c.req.url, { method: c.req.method, headers: { ...c.req.header(), "content-type": "application/json" }, body })
    await next()
  }
}

/** hono/body-limit cannot be used here: it copies the request, which fails for chunked bodies while the global Request is left alone. */
async function readAtMost(maxSize: number, request: Request): Promise<Buffer<ArrayBuffer>> {
  const tooLarge = new HttpProblem("ERR_BODY_TOO_LARGE", `Expected a body of at most ${maxSize} bytes.`)
  if (Number(request.headers.get("content-length") ?? 0) > maxSize) throw tooLarge
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength
      if (size > maxSize) break
      chunks.push(chunk)
    }
  } catch {
    throw new HttpProblem("ERR_INVALID_ARGUMENT", "Expected a body that arrives whole.")
  }
  if (size > maxSize) throw tooLarge
  return Buffer.concat(chunks)
}
