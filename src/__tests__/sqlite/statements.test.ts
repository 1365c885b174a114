import { expect, it } from "vitest"
import * as statements from "../../infrastructure/sqlite/statements.js"
import { sessionFile } from "./session-file.js"

const onSessions = Object.entries(statements).filter(([, sql]) => sql.includes("sessions") && !sql.startsWith("INSERT"))

it.each(onSessions)("%s finds its rows by an index that fits, however many there are", async (_name, sql) => {
  await using file = sessionFile()
  await file.open()
  const plan = await file.raw((db) =>
    db.all<{ readonly detail: string }>(
      `EXPLAIN QUERY PLAN ${sql}`,
      Array.from(sql.match(/\?/g) ?? [], () => 0),
    ),
  )
  const details = plan.map((step) => step.detail)
  if (sql.includes("owner = ?")) expect(details.join("\n")).toContain("sessions_by_owner (prefix=? AND owner=?")
  expect(details.join("\n")).toMatch(/SEARCH sessions USING/)
  for (const detail of details) expect(detail).not.toMatch(/SCAN|TEMP B-TREE/)
})
