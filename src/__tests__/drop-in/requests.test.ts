import { describe, expect, it } from "vitest"
import { applicationOf, LIBRARIES } from "./applications.js"
import { Browser, held, signedIn } from "./browser.js"
import { STORES } from "./stores.js"

describe.each(LIBRARIES)("%s", (library) => {
  describe.each(Object.keys(STORES))("over %s", (name) => {
    const open = async (): ReturnType<typeof applicationOf> => applicationOf(library, await (STORES[name] as () => Promise<{ store: string }>)())

    it("keeps a session from request to request, under a new id after the sign-in, until the sign-out", async () => {
      await using application = await open()
      const browser = new Browser(application)
      expect(await browser.fields()).toEqual({})
      await browser.visit("/write?field=cart&value=lamp")
      const before = await browser.copy()
      expect(await before.fields()).toEqual({ cart: "lamp" })
      await browser.visit("/login?user=ada")
      expect(await browser.fields()).toMatchObject({ user: "ada" })
      expect(await before.fields()).toEqual({})
      await browser.visit("/write?field=seen&value=1")
      await browser.visit("/remove?field=seen")
      expect(await browser.fields()).not.toHaveProperty("seen")
      const stolen = await browser.copy()
      await browser.visit("/logout")
      expect(await stolen.fields()).toEqual({})
      expect(application.errors).toEqual([])
    })

    it("refuses the save of a slow request after the sign-out, and tells", async () => {
      await using application = await open()
      const browser = await signedIn(application)
      const [slow, stolen] = [await browser.copy(), await browser.copy()]
      const answering = slow.visit("/slow?field=note&value=late")
      await held(application)
      await browser.visit("/logout")
      application.gate.open()
      await answering
      await expect.poll(() => application.errors.length, { timeout: 5_000 }).toBe(1)
      expect(application.errors).toMatchObject([{ code: "ERR_SESSION_ENDED" }])
      expect(await stolen.fields()).toEqual({})
    })

    it("lets a slow request that only looks end well after the sign-out, and brings nothing back", async () => {
      await using application = await open()
      const browser = await signedIn(application)
      const [slow, stolen] = [await browser.copy(), await browser.copy()]
      const answering = slow.visit("/slow")
      await held(application)
      await browser.visit("/logout")
      application.gate.open()
      expect(await answering).toEqual({ status: 200, text: "done" })
      expect(await stolen.fields()).toEqual({})
      expect(application.errors).toEqual([])
    })

    it("keeps what parallel requests saved in fields of their own", async () => {
      await using application = await open()
      const browser = await signedIn(application)
      const others = await Promise.all(Array.from({ length: 5 }, () => browser.copy()))
      const answers = others.map((other, at) => other.visit(`/slow?field=f${at}&value=${at}`))
      await held(application, others.length)
      await browser.visit("/write?field=fast&value=yes")
      application.gate.open()
      expect(await Promise.all(answers)).toEqual(others.map(() => ({ status: 200, text: "done" })))
      await expect.poll(() => browser.fields(), { timeout: 5_000 }).toEqual({ user: "ada", fast: "yes", f0: "0", f1: "1", f2: "2", f3: "3", f4: "4" })
      expect(application.errors).toEqual([])
    })

    it("refuses a second value for a field that another request changed meanwhile, and tells", async () => {
      await using application = await open()
      const browser = await signedIn(application)
      const answering = (await browser.copy()).visit("/slow?field=role&value=admin")
      await held(application)
      await browser.visit("/write?field=role&value=guest")
      application.gate.open()
      await answering
      await expect.poll(() => application.errors.length, { timeout: 5_000 }).toBe(1)
      expect(application.errors).toMatchObject([{ code: "ERR_SESSION_CONFLICT" }])
      expect(await browser.fields()).toEqual({ user: "ada", role: "guest" })
    })

    it.each(["before", "between"])("keeps what others saved %s the two saves of one request", async (when) => {
      await using application = await open()
      const browser = await signedIn(application)
      const answering = (await browser.copy()).visit("/write-twice?field=mine")
      for (const now of ["before", "between"]) {
        await held(application)
        if (now === when) await browser.visit("/write?field=theirs&value=kept")
        application.gate.open()
      }
      expect(await answering).toEqual({ status: 200, text: "done" })
      await expect.poll(() => browser.fields(), { timeout: 5_000 }).toEqual({ user: "ada", mine: "second", theirs: "kept" })
      expect(application.errors).toEqual([])
    })
  })

  it("lets the last value win where lastWins names the field", async () => {
    await using application = await applicationOf(library, { store: "memory:", lastWins: ["lastSeen"] })
    const browser = await signedIn(application)
    const answering = (await browser.copy()).visit("/slow?field=lastSeen&value=later")
    await held(application)
    await browser.visit("/write?field=lastSeen&value=earlier")
    application.gate.open()
    await answering
    await expect.poll(() => browser.fields(), { timeout: 5_000 }).toEqual({ user: "ada", lastSeen: "later" })
    expect(application.errors).toEqual([])
  })
})
