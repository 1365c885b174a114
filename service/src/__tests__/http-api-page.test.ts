import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Metrics } from "../http/metrics.js"
import { SERVICE_STATUS, SESSION_STATUS } from "../http/problem.js"
import { SETTINGS } from "../settings.js"
import { EXIT } from "../start/start-failure.js"
import { testService } from "./support/test-service.js"

const page = readFileSync(new URL("../../../docs/http-api.md", import.meta.url), "utf8")
const sections = new Map(
  page.split(/^##+ /m).map((section) => {
    const end = section.indexOf("\n")
    return [section.slice(0, end), section.slice(end)]
  }),
)

/** The rows of each table of a section, by the table's first heading, cells without their back-ticks. */
function tables(section: string): ReadonlyMap<string, readonly (readonly string[])[]> {
  const found = [...section.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => table.trim().split("\n"))
  const cells = (row: string) =>
    row
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1"))
  return new Map(found.map(([head = "", , ...rows]) => [cells(head)[0] ?? "", rows.map(cells)]))
}

const names = (section: string, table: string) => (tables(section).get(table) ?? []).map(([name]) => name).sort()

interface Described {
  readonly security?: readonly { readonly apiKey: readonly string[] }[]
  readonly parameters?: readonly { readonly in: string; readonly name: string }[]
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: { readonly properties: object } } } }
  readonly responses: Readonly<Record<string, { readonly content?: { readonly "application/json"?: { readonly schema: Schema } } }>>
}
interface Schema {
  readonly $ref?: string
  readonly properties?: object
}

async function description() {
  const { call } = await testService()
  const { body } = await call("GET", "/openapi.json")
  const operations: [string, Described][] = Object.entries(body.paths as Record<string, Record<string, Described>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Described] => [`${method.toUpperCase()} ${path}`, operation]),
  )
  return { operations, schemas: body.components.schemas as Record<string, { properties: object }> }
}

const fields = (schema: Schema | undefined) => Object.keys(schema?.properties ?? {}).sort()
/** What an answer is called: its fields, or the one name of a document that has a section of its own. */
const answered = (schema: Schema | undefined) => (schema?.$ref === undefined ? fields(schema) : [schema.$ref.split("/").at(-1)])

describe("docs/http-api.md says what the code says", () => {
  it("every route, and no other", async () => {
    const { operations } = await description()
    const documented = [...sections.keys()].filter((title) => /^[A-Z]+ \//.test(title))
    expect(documented.sort()).toEqual(operations.map(([name]) => name).sort())
    expect(documented.length).toBeGreaterThan(10)
  })

  it("every scope, parameter, field and status of each route, and no other", async () => {
    const { operations } = await description()
    for (const [name, operation] of operations) {
      const section = sections.get(name) ?? ""
      const answers = /^Answers .*$/m.exec(section)?.[0] ?? ""
      const parameters = (place: string) =>
        (operation.parameters ?? [])
          .filter((parameter) => parameter.in === place)
          .map((parameter) => parameter.name)
          .sort()
      const success = Object.entries(operation.responses).find(([status]) => status.startsWith("2"))?.[1]
      const said = {
        scope: /Scope: `(\w+)`/.exec(section)?.[1] ?? (section.includes("No key.") ? "none" : section.includes("Any key.") ? "any" : "unsaid"),
        path: names(section, "path"),
        query: names(section, "query"),
        header: names(section, "header"),
        body: names(section, "body"),
        statuses: answers.match(/\b\d{3}\b/g),
        answer: [...(answers.split(" · ")[0] ?? "").matchAll(/`(\w+)`/g)].map(([, field]) => field).sort(),
      }
      expect([name, said]).toEqual([
        name,
        {
          scope: operation.security === undefined ? "any" : (operation.security[0]?.apiKey[0] ?? "none"),
          path: parameters("path"),
          query: parameters("query"),
          header: parameters("header"),
          body: fields(operation.requestBody?.content["application/json"].schema),
          statuses: Object.keys(operation.responses),
          answer: answered(success?.content?.["application/json"]?.schema),
        },
      ])
    }
  })

  it("every field of the documents", async () => {
    const { schemas } = await description()
    expect(Object.keys(schemas).sort()).toEqual(["Decision", "Device", "Problem", "Rule", "Session", "Subject"])
    for (const [name, schema] of Object.entries(schemas)) expect([name, names(sections.get(name) ?? "", "field")]).toEqual([name, fields(schema)])
  })

  it("every metric with its labels", async () => {
    const rows = tables(sections.get("GET /metrics") ?? "").get("metric") ?? []
    const metrics = new Metrics({}, { dropped: 0 })
    for (const line of ["help", "type"]) expect((await metrics.text()).match(new RegExp(`^# ${line} `, "gim"))).toHaveLength(rows.length)
    metrics.request({ method: "GET", route: "/livez", status: 200 }, 0.1)
    metrics.sessionEvent({ type: "created", sessionId: "x" as never })
    for (const type of ["allowed", "outage"] as const) metrics.rateLimitEvent({ type, rule: "api", judgedBy: "store", onOutage: "open" })
    const text = await metrics.text()
    for (const [name, labels = ""] of rows) {
      const found = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, "m").exec(text)?.[1] ?? "none"
      expect([name, [...found.matchAll(/(\w+)="/g)].map(([, label]) => label)]).toEqual([name, labels.match(/\w+/g) ?? []])
    }
  })

  it("every code with its status", () => {
    const rows = tables(sections.get("Problem") ?? "").get("code") ?? []
    expect(Object.fromEntries(rows.map(([code, status]) => [code, Number(status)]))).toEqual({ ...SESSION_STATUS, ...SERVICE_STATUS })
  })

  it("every setting with its default and description, and every exit code", () => {
    const rows = tables(sections.get("Settings") ?? "").get("setting")
    expect(rows).toEqual(Object.entries(SETTINGS.shape).map(([name, schema]) => [name, schema.meta()?.shown, schema.meta()?.description]))
    expect(names(sections.get("Exit codes") ?? "", "exit code").map(Number)).toEqual([0, ...Object.values(EXIT)])
  })
})
