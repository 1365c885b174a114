import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { createLoginProtection } from "../../config/create-login-protection.js"
import { createRateLimitingService } from "../../config/create-rate-limiting-service.js"
import { createSessionService } from "../../config/create-session-service.js"
import { createAuthenticator } from "../../web/authenticator.js"

const PAGE = readFileSync(new URL("../../../docs/options.md", import.meta.url), "utf8")

const MAKERS: Readonly<Record<string, (options: never) => unknown>> = {
  createSessionService,
  createAuthenticator,
  createRateLimitingService,
  createLoginProtection,
}

it.each(Object.keys(MAKERS))("docs/options.md lists each option of %s, and no other", async (name) => {
  // An option that there is not is refused with the names of those that there are.
  const refusal: unknown = await Promise.resolve()
    .then(() => MAKERS[name]?.({ nonsense: 1 } as never))
    .catch((error: unknown) => error)
  const [, all = ""] = /have only the options (.*), got another one/.exec(String(refusal)) ?? []
  const [, section = ""] = new RegExp(`^## [^\\n]*\`${name}\`\\n([^]*?)^## `, "m").exec(PAGE) ?? []
  const listed = [...section.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/`(\w+)(?:\.\w+)?`/g)].map(([, option]) => option))
  expect(all).not.toBe("")
  expect(new Set(listed)).toEqual(new Set(all.split(", ")))
})
