import { CookieJar } from "tough-cookie"
import { request } from "undici"

export const ORIGIN = "https://app.example"

export interface Answer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly setCookies: readonly string[]
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it expects there
  readonly json: any
}

export interface Sent {
  readonly body?: object
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Called when the head of the answer is there, before its body is. */
  readonly onHead?: () => void
}

/** Keeps cookies as a browser does that sees the application under its HTTPS origin, and tells it where its requests come from. */
export class Browser {
  readonly jar: CookieJar
  readonly #url: string

  /** @param jar - of another server under the same origin */
  constructor(url: string, jar = new CookieJar(undefined, { prefixSecurity: "strict" })) {
    this.#url = url
    this.jar = jar
  }

  get(path: string, sent: Sent = {}): Promise<Answer> {
    return this.send("GET", path, sent)
  }

  post(path: string, body: object = {}, sent: Sent = {}): Promise<Answer> {
    return this.send("POST", path, { ...sent, body })
  }

  async send(method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS", path: string, { body, headers = {}, onHead }: Sent = {}): Promise<Answer> {
    const cookie = await this.jar.getCookieString(ORIGIN + path)
    const {
      statusCode,
      headers: answered,
      body: answeredBody,
    } = await request(this.#url + path, {
      method,
      headers: {
        "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "sec-fetch-site": "same-origin",
        ...(cookie !== "" && { cookie }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(headers as Record<string, string | string[]>),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const setCookies = [answered["set-cookie"] ?? []].flat()
    for (const line of setCookies) await this.jar.setCookie(line, ORIGIN + path)
    onHead?.()
    const text = await answeredBody.text()
    const header = (name: string): string | undefined => answered[name] && [answered[name]].flat().join(", ")
    return { status: statusCode, header, setCookies, text, json: /json/.test(header("content-type") ?? "") && text !== "" ? JSON.parse(text) : undefined }
  }

  /** The session's token, as the cookie holds it. */
  async token(): Promise<string | undefined> {
    const cookies = await this.jar.getCookies(ORIGIN)
    return cookies.find((cookie) => cookie.key === "__Host-Http-sid")?.value
  }

  async signedIn(userId: string): Promise<this> {
    const { status, text } = await this.post("/sign-in", { userId })
    if (status !== 200) throw new Error(`Expected to be signed in, got ${status}: ${text}`)
    return this
  }
}
