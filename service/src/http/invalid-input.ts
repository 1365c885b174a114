import type { z } from "@hono/zod-openapi"
import { HttpProblem } from "./problem.js"

/** So many help to mend a request; an answer to more would be longer than what it answers. */
const MOST_TOLD = 5

/** Turns what a schema found wrong into one 400. Names of unknown fields are not repeated: they are the caller's text, and may be a secret in the wrong place. */
export function refuseInvalid(result: { readonly success: boolean; readonly error?: z.core.$ZodError }): void {
  if (result.success || result.error === undefined) return
  const { issues } = result.error
  const untold = issues.length > MOST_TOLD ? `; and ${issues.length - MOST_TOLD} more` : ""
  throw new HttpProblem("ERR_INVALID_ARGUMENT", issues.slice(0, MOST_TOLD).map(describe).join("; ") + untold)
}

function describe(issue: z.core.$ZodIssue): string {
  const place = issue.path.length === 0 ? "The request" : issue.path.join(".")
  if (issue.code === "unrecognized_keys") return `${place}: expected no unknown fields or parameters, got ${issue.keys.length}`
  return `${place}: ${issue.message}`
}
