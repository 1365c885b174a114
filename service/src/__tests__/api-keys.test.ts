import { describe, expect, it } from "vitest"
import { ApiKeys } from "../http/api-keys.js"

const OLD = "o".repeat(32)
const NEW = "n".repeat(64)
const keys = new ApiKeys([
  { name: "web-old", key: OLD, scopes: ["create"] },
  { name: "web-new", key: NEW, scopes: ["create", "read"] },
])

describe("API keys", () => {
  it("several are valid at once, each with its own name and scopes, so that they can be changed without an outage", () => {
    expect(keys.identify(`Bearer ${OLD}`)).toEqual({ name: "web-old", scopes: ["create"] })
    expect(keys.identify(`bearer  ${NEW}`)).toEqual({ name: "web-new", scopes: ["create", "read"] })
  })

  it.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    OLD,
    `Basic ${OLD}`,
    `Bearer ${OLD} ${NEW}`,
    `Bearer ${OLD},`,
    `Bearer ${OLD.slice(1)}`,
    `Bearer ${OLD}o`,
    `Bearer ${OLD.toUpperCase()}`,
  ])("%j identifies nobody", (header) => {
    expect(keys.identify(header)).toBeNull()
  })

  it("no key can be found in what is kept in memory", () => {
    expect(JSON.stringify(Object.values(keys))).not.toContain(OLD)
    expect(new ApiKeys([]).identify(`Bearer ${OLD}`)).toBeNull()
  })
})
