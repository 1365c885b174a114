import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from "node:http"
import { Kept } from "../shared/Kept.js"
import type { Refusal, RequestHead } from "../web/contract.js"
import { AnswerHead, type HeaderTarget } from "./AnswerHead.js"

type HeaderList = Readonly<Record<string, OutgoingHttpHeader | undefined>> | readonly unknown[]

/** What says something of a body. An answer with another body must not have it. */
export const BODY_HEADERS = ["content-length", "content-encoding", "content-range", "content-disposition", "content-language", "etag", "last-modified"]

/** One for each answer, so that of two doors on one route not each hands out a cookie. */
const heads = new Kept<AnswerHead>()

/** @param request of `node:http`, or of the compatibility layer of `node:http2` */
export function nodeRequestHead(request: IncomingMessage & { readonly originalUrl?: string }): RequestHead {
  return {
    method: request.method ?? "GET",
    url: request.originalUrl ?? request.url ?? "/",
    header: (name) => headerOf(request, name),
    remoteAddress: request.socket?.remoteAddress,
  }
}

/** Node keeps the first of some repeated headers only, such as Authorization; in `rawHeaders` are all of them. */
function headerOf({ headers, rawHeaders }: IncomingMessage, name: string): string | undefined {
  const parsed = headers[name]
  if (parsed === undefined) return undefined
  const separator = name === "cookie" ? "; " : ", "
  const values: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) if (isNamed(rawHeaders[at], name)) values.push(rawHeaders[at + 1] ?? "")
  if (values.length > 1) return values.join(separator)
  return typeof parsed === "string" ? parsed : parsed.join(separator)
}

function isNamed(given: string | undefined, name: string): boolean {
  return given?.length === name.length && given.toLowerCase() === name
}

/** @param response of `node:http`, or of the compatibility layer of `node:http2` */
export function nodeAnswerHead(response: ServerResponse): AnswerHead {
  const known = heads.of(response)
  if (known !== undefined) return known
  const head: AnswerHead = new AnswerHead(
    () => response.headersSent,
    () => completeWhenSent(response, head),
  )
  heads.keep(response, head)
  return head
}

/**
 * Every head passes `writeHead`: Node itself calls it, when nobody did before the body's first part or the end. One that cannot be written, because of
 * a bad header or status, is followed by another, which is completed anew.
 */
function completeWhenSent(response: ServerResponse, head: AnswerHead): void {
  const { writeHead } = response
  response.writeHead = (status: number, first?: string | HeaderList, second?: HeaderList) => {
    const [message, headers] = typeof first === "string" ? [first, second] : [undefined, first ?? second]
    if (!response.headersSent) {
      putHeaders(response, headers)
      head.complete(targetOf(response))
    }
    Reflect.apply(writeHead, response, message === undefined ? [status] : [status, message])
    response.writeHead = writeHead
    return response
  }
}

/** As `writeHead` does: what it is given stands in place of what was set before. */
function putHeaders(response: ServerResponse, headers: HeaderList | undefined): void {
  const pairs = pairsOf(headers ?? [])
  for (const [name] of pairs) response.removeHeader(name)
  for (const [name, value] of pairs) response.appendHeader(name, typeof value === "number" ? String(value) : value)
}

/** From an object, a list of pairs, or a list in which names and values take turns. */
function pairsOf(headers: HeaderList): readonly (readonly [string, OutgoingHttpHeader])[] {
  if (!Array.isArray(headers)) return Object.entries(headers as Record<string, OutgoingHttpHeader>)
  if (Array.isArray(headers[0])) return headers
  return headers.flatMap((name, i) => (i % 2 === 0 && i + 1 < headers.length ? [[name, headers[i + 1]] as const] : []))
}

function targetOf(response: ServerResponse): HeaderTarget {
  return {
    get: (name) => [response.getHeader(name) ?? []].flat().map(String),
    set: (name, values) => void response.setHeader(name, values.length === 1 ? String(values[0]) : values),
  }
}

/** Answers a request that is not let in, or whose handler met an error of this library. */
export function sendRefusal(response: ServerResponse, { status, headers, problem }: Refusal): void {
  for (const name of BODY_HEADERS) response.removeHeader(name)
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.statusCode = status
  response.end(JSON.stringify(problem))
}
