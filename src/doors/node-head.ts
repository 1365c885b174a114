import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http"
import { Kept } from "../shared/Kept.js"
import type { Refusal, RequestHead } from "../web/contract.js"
import { NO_STORE } from "../web/targeted-caches.js"
import { AnswerHead, type HeaderTarget } from "./AnswerHead.js"

type HeaderList = OutgoingHttpHeaders | readonly unknown[]

/** What says something of a body. An answer with another body must not have it. */
export const BODY_HEADERS = ["content-length", "content-encoding", "content-range", "content-disposition", "content-language", "etag", "last-modified"]

/** One for each answer, so that of two doors on one route not each hands out a cookie. */
const heads = new Kept<AnswerHead>()

/** @param request of `node:http`, or of the compatibility layer of `node:http2` */
export function nodeRequestHead(request: NodeRequest): RequestHead {
  return new NodeRequestHead(request)
}

type NodeRequest = IncomingMessage & { readonly originalUrl?: string }

class NodeRequestHead implements RequestHead {
  readonly #request: NodeRequest
  readonly method: string
  readonly url: string
  readonly remoteAddress: string | undefined

  constructor(request: NodeRequest) {
    this.#request = request
    this.method = request.method ?? "GET"
    this.url = request.originalUrl ?? request.url ?? "/"
    // A socket that is closed does not say it any more.
    this.remoteAddress = request.socket?.remoteAddress
  }

  header(name: string): string | undefined {
    return headerOf(this.#request, name)
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
  const owner = ownerOf(response)
  const known = heads.of(owner)
  if (known !== undefined) return known
  const head = new NodeAnswerHead(response)
  heads.keep(owner, head)
  return head
}

/** The request, of which more is kept. An answer that some library made up has none. */
function ownerOf(response: ServerResponse): object {
  return (response.req as IncomingMessage | undefined) ?? response
}

type WriteHead = ServerResponse["writeHead"]

/**
 * Every head passes `writeHead`: Node itself calls it, when nobody did before the body's first part or the end. One that cannot be written, because of
 * a bad header or status, is followed by another, which is completed anew.
 */
class NodeAnswerHead extends AnswerHead {
  readonly #response: ServerResponse
  #next: WriteHead

  constructor(response: ServerResponse) {
    super()
    this.#response = response
    this.#next = response.writeHead
  }

  get sent(): boolean {
    return this.#response.headersSent
  }

  /** @param next - writes the head when it is complete */
  write(next: WriteHead, status: number, first?: string | HeaderList, second?: HeaderList): ServerResponse {
    const response = this.#response
    const headers = typeof first === "string" ? second : (first ?? second)
    if (!this.sent) {
      if (headers !== undefined) putHeaders(response, headers)
      this.complete(new NodeHeaders(response))
    }
    Reflect.apply(next, response, typeof first === "string" ? [status, first] : [status])
    return response
  }

  /** One function for all answers: with one for each, V8 takes answers that are long gone for being in use (bench/README.md). */
  static readonly #writeCompleted = function (this: ServerResponse, status: number, first?: string | HeaderList, second?: HeaderList): ServerResponse {
    const head = heads.of(ownerOf(this)) as NodeAnswerHead
    return head.write(head.#next, status, first, second)
  }

  protected override begin(): void {
    this.#next = this.#response.writeHead
    if (!completesHeads(this.#next)) this.#response.writeHead = NodeAnswerHead.#writeCompleted
  }
}

const completing = new WeakSet<WriteHead>()

/** Whether `completingHeads` made it. */
export function completesHeads(writeHead: WriteHead): boolean {
  return completing.has(writeHead)
}

/** A `writeHead` for a prototype of answers: completes the head of those to which something is to be added, so that they need none of their own. */
export function completingHeads(next: WriteHead): WriteHead {
  function writeHead(this: ServerResponse, ...args: [status: number, first?: string | HeaderList, second?: HeaderList]): ServerResponse {
    const head = heads.of(ownerOf(this))
    return head?.waiting ? (head as NodeAnswerHead).write(next, ...args) : Reflect.apply(next, this, args)
  }
  completing.add(writeHead)
  return writeHead
}

const NONE: readonly never[] = []

class NodeHeaders implements HeaderTarget {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  get(name: string): readonly string[] {
    const there = this.#response.getHeader(name)
    if (there === undefined) return NONE
    return Array.isArray(there) ? there : [String(there)]
  }

  set(name: string, values: string | readonly string[]): void {
    this.#response.setHeader(name, typeof values !== "string" && values.length === 1 ? String(values[0]) : values)
  }

  names(): readonly string[] {
    return this.#response.getHeaderNames()
  }

  remove(name: string): void {
    this.#response.removeHeader(name)
  }
}

/** As `writeHead` does: what it is given stands in place of what was set before. */
function putHeaders(response: ServerResponse, headers: HeaderList): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as OutgoingHttpHeader)
    return
  }
  const pairs = pairsOf(headers)
  for (const [name] of pairs) response.removeHeader(name)
  for (const [name, value] of pairs) response.appendHeader(name, typeof value === "number" ? String(value) : value)
}

/** From a list of pairs, or one in which names and values take turns. */
function pairsOf(list: readonly unknown[]): readonly (readonly [string, OutgoingHttpHeader])[] {
  if (Array.isArray(list[0])) return list as readonly [string, OutgoingHttpHeader][]
  return list.flatMap((name, i) => (i % 2 === 0 && i + 1 < list.length ? [[name as string, list[i + 1] as OutgoingHttpHeader]] : []))
}

/** Refusals are for no cache, whatever was said of the answer that was to be: also those for which nobody looked at a session, such as one of a rate limit. */
export function keepFromCaches(response: ServerResponse): void {
  nodeAnswerHead(response).set("cache-control", NO_STORE)
}

/** Answers a request that is not let in, or whose handler met an error of this library. */
export function sendRefusal(response: ServerResponse, { status, headers, problem }: Refusal): void {
  // Something else has answered meanwhile, such as a limit of time.
  if (response.headersSent) return
  for (const name of BODY_HEADERS) response.removeHeader(name)
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  keepFromCaches(response)
  response.statusCode = status
  response.end(JSON.stringify(problem))
}
