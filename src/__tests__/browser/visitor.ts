import type { Browser, BrowserContext, Page } from "playwright-core"

/** Somebody with a browser of their own, at one site. */
export interface Visitor extends AsyncDisposable {
  readonly context: BrowserContext
  readonly page: Page
  signIn(user: string, options?: { readonly remember?: boolean }): Promise<void>
  /** Presses a button of the page that is shown, and waits for the next one. */
  press(button: string): Promise<void>
  /** The heading of a page, or of the answer that came instead. */
  heading(path: string): Promise<string>
  /** The status of an answer. */
  status(path: string): Promise<number | undefined>
  /** The cookies that the browser holds for the site. */
  cookies(): ReturnType<BrowserContext["cookies"]>
}

const PATIENCE_MS = 15_000

export async function visit(browser: Browser, origin: string): Promise<Visitor> {
  const context = await browser.newContext()
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const press = async (button: string): Promise<void> => {
    await page.getByRole("button", { name: button }).click()
    await page.waitForLoadState()
  }
  return {
    context,
    page,
    press,
    signIn: async (user, { remember = false } = {}) => {
      await page.goto(origin)
      await page.locator("[name=user]").fill(user)
      if (remember) await page.locator("[name=remember]").check()
      await press("Sign in")
      await page.getByRole("heading", { name: user }).waitFor()
    },
    heading: async (path) => {
      await page.goto(origin + path)
      return (await page.locator("h1").textContent()) ?? ""
    },
    status: async (path) => (await page.goto(origin + path))?.status(),
    cookies: () => context.cookies(origin),
    [Symbol.asyncDispose]: () => context.close(),
  }
}
