import { CookieJar } from "tough-cookie"
import { request } from "undici"
import { ORIGIN } from "./attacked-app.js"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly setCookies: readonly string[]
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they please
  readonly json: any
}
interface Sending {
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

const SESSION_COOKIE = "__Host-Http-sid"
/** What a browser adds to what the application's own page sends. */
export const OWN_PAGE: Readonly<Record<string, string>> = { origin: ORIGIN, "sec-fetch-site": "same-origin" }

/** A browser as far as HTTP is concerned: it keeps cookies as browsers do, prefixes included, and thinks that it speaks with the application over HTTPS. */
export class Visitor {
  readonly #jar = new CookieJar(undefined, { prefixSecurity: "strict", rejectPublicSuffixes: false })
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async send(method: string, path: string, { headers = OWN_PAGE, json }: Sending = {}): Promise<Answer> {
    const cookie = await this.#jar.getCookieString(`${ORIGIN}${path}`)
    const answer = await sendRaw(this.#url, method, path, { headers: { ...(cookie !== "" && { cookie }), ...headers }, json })
    for (const line of answer.setCookies) await this.#jar.setCookie(line, `${ORIGIN}${path}`)
    return answer
  }

  signIn(user: string, query = ""): Promise<Answer> {
    return this.send("POST", `/sign-in?user=${user}${query}`)
  }

  /** The secret that the browser keeps; for whoever has stolen it. */
  async token(): Promise<string> {
    return (await this.#jar.getCookies(`${ORIGIN}/`)).find(({ key }) => key === SESSION_COOKIE)?.value ?? ""
  }
}

/** A request with these headers and no others; `headers` as a list may repeat names. */
export async function sendRaw(
  url: string,
  method: string,
  path: string,
  { headers = {}, json }: { readonly headers?: Readonly<Record<string, string>> | readonly string[]; readonly json?: unknown } = {},
): Promise<Answer> {
  const flat = Array.isArray(headers) ? [...headers] : Object.entries(headers).flat()
  const body = json === undefined ? null : typeof json === "string" ? json : JSON.stringify(json)
  const response = await request(`${url}${path}`, { method, headers: [...flat, ...(body === null ? [] : ["content-type", "application/json"])], body })
  const text = await response.body.text()
  const isJson = String(response.headers["content-type"]).includes("json")
  const setCookies = [response.headers["set-cookie"] ?? []].flat()
  return { status: response.statusCode, headers: response.headers, setCookies, text, json: isJson ? JSON.parse(text) : undefined }
}

/** The header of whoever has got hold of a token. */
export function withToken(token: string): Record<string, string> {
  return { ...OWN_PAGE, cookie: `${SESSION_COOKIE}=${token}` }
}
