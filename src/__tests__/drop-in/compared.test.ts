import { RedisStore } from "connect-redis"
import type { Store } from "express-session"
import { describe, expect, it } from "vitest"
import { CoatcheckStore } from "../../drop-in/express-session.js"
import { expressApplication } from "./applications.js"
import { type Browser, held, signedIn } from "./browser.js"
import { nodeRedis, ownPrefix } from "./stores.js"

/** What the same application loses, whose store alone is another one. */
describe.each(["connect-redis", "coatcheck"])("express-session over %s", (name) => {
  const loses = name === "connect-redis"

  async function open(): ReturnType<typeof expressApplication> {
    const client = await nodeRedis("redis")
    const prefix = ownPrefix()
    const store: Store = loses ? new RedisStore({ client, prefix }) : new CoatcheckStore({ store: client, keyPrefix: prefix })
    return expressApplication(store)
  }

  /** What somebody who copied the cookie sees after a request that was slower than the sign-out. */
  async function afterSlowRequest(path: string): Promise<Readonly<Record<string, unknown>>> {
    await using application = await open()
    const browser = await signedIn(application)
    const [slow, stolen] = [await browser.copy(), await browser.copy()]
    const answering = slow.visit(path)
    await held(application)
    await browser.visit("/logout")
    application.gate.open()
    await answering
    await settled(stolen)
    return await stolen.fields()
  }

  it(loses ? "a slow request signs a user in again who signed out" : "a user who signed out stays signed out", async () => {
    expect(await afterSlowRequest("/slow?field=note&value=late")).toEqual(loses ? { user: "ada", note: "late" } : {})
  })

  it(loses ? "a slow request takes away what a fast one saved" : "what a fast request saved outlasts a slow one", async () => {
    await using application = await open()
    const browser = await signedIn(application)
    const answering = (await browser.copy()).visit("/slow?field=cart&value=lamp")
    await held(application)
    await browser.visit("/write?field=address&value=Rome")
    application.gate.open()
    await answering
    await settled(browser)
    expect(await browser.fields()).toEqual(loses ? { user: "ada", cart: "lamp" } : { user: "ada", cart: "lamp", address: "Rome" })
  })

  it(loses ? "an older value of a right comes back" : "a right that was taken away stays away", async () => {
    await using application = await open()
    const browser = await signedIn(application)
    await browser.visit("/write?field=role&value=admin")
    const answering = (await browser.copy()).visit("/slow?field=note&value=late")
    await held(application)
    await browser.visit("/write?field=role&value=guest")
    application.gate.open()
    await answering
    await settled(browser)
    expect(await browser.fields()).toMatchObject({ role: loses ? "admin" : "guest", note: "late" })
  })
})

/** express-session answers a little before it has saved, and never says when it is done; a save of this store follows it through the same client. */
async function settled(browser: Browser): Promise<void> {
  for (let visits = 0; visits < 3; visits += 1) await browser.fields()
}
