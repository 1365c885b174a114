import type { z } from "@hono/zod-openapi"
import { HttpProblem } from "./problem.js"

/** Turns what a schema found wrong into one 400. Names of unknown fields are not repeated: they are the caller's text, and may be a secret in the wrong place. */
export function refuseInvalid(result: { readonly success: boolean; readonly error?: z.core.$ZodError }): void {
  if (result.success || result.error === undefined) return
  throw new HttpProblem("ERR_INVALID_ARGUMENT", result.error.issues.map(describe).join("; "))
}

function describe(issue: z.core.$ZodIssue): string {
  const place = issue.path.length === 0 ? "The request" : issue.path.join(".")
  if (issue.code === "unrecognized_keys") return `${place}: expected no unknown fields or parameters, got ${issue.keys.length}`
  return `${place}: ${issue.message}`
}
