import { CookieJar } from "tough-cookie"
import { expect } from "vitest"
import type { Application } from "./applications.js"

export interface Answer {
  readonly status: number
  readonly text: string
}

/** Somebody's browser: it keeps cookies, and sends those that it has when a request begins. */
export class Browser {
  readonly jar: CookieJar
  readonly #application: Pick<Application, "url">

  constructor(application: Pick<Application, "url">, jar: CookieJar = new CookieJar()) {
    this.#application = application
    this.jar = jar
  }

  async visit(path: string): Promise<Answer> {
    const url = this.#application.url + path
    const response = await fetch(url, { headers: { cookie: await this.jar.getCookieString(url) } })
    for (const cookie of response.headers.getSetCookie()) await this.jar.setCookie(cookie, url)
    return { status: response.status, text: await response.text() }
  }

  /** What the session holds, as the application sees it. */
  async fields(): Promise<Readonly<Record<string, unknown>>> {
    const { status, text } = await this.visit("/")
    expect(status).toBe(200)
    return JSON.parse(text) as Record<string, unknown>
  }

  /** Another browser with the same cookies, as a thief's, or this one's before the next answer. */
  async copy(application: Pick<Application, "url"> = this.#application): Promise<Browser> {
    return new Browser(application, await this.jar.clone())
  }
}

export async function signedIn(application: Application): Promise<Browser> {
  const browser = new Browser(application)
  expect(await browser.visit("/login?user=ada")).toEqual({ status: 200, text: "in" })
  return browser
}

/** Waits until so many requests stand in the midst of their work. */
export async function held(application: Application, count = 1): Promise<void> {
  await expect.poll(() => application.gate.count, { timeout: 5_000, interval: 2 }).toBe(count)
}
