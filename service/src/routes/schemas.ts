import { z } from "@hono/zod-openapi"
import type { Duration, SessionData } from "coatcheck"
import { isAddressable } from "../http/request-target.js"

/** Any JSON object, handed on untouched: a record schema of zod would drop a `__proto__` key that the library refuses. */
export const attributes = z
  .custom<Record<string, unknown>>((value) => typeof value === "object" && value !== null && !Array.isArray(value), "expected an object")
  .openapi({ type: "object", additionalProperties: true, description: "Any JSON object; its size is limited to 64 KiB as stored." })

/** A list that is looked at only where it is no longer than it may be: what is found wrong of each of its parts costs more than the request. */
export function atMost<T extends z.ZodType>(most: number, part: T) {
  return z.array(z.unknown()).max(most, `expected at most ${most}`).pipe(z.array(part).max(most))
}

export const unset = atMost(1_000, z.string()).openapi({ description: "Names of attributes to remove, at most 1000." })

/** Whole seconds, or text with its unit. The library checks the range. */
export const duration = z
  .custom<Duration>((value) => typeof value === "number" || typeof value === "string", 'expected whole seconds, or text with its unit such as "30m"')
  .openapi({ type: ["integer", "string"], description: 'Whole seconds, or text with its unit: "500ms", "30m", "12h", "14d".', example: "30m" })

export const newUserId = z
  .string()
  .min(1)
  .refine(isAddressable, "expected an id that can stand in a path: not . or .., no backslash, nothing that decodes to them")
  .openapi({ description: "The application's own name for a user, 1 to 512 bytes, counted as JSON.", example: "ada" })

export const device = z
  .strictObject({
    ip: z.string().optional().openapi({ description: "At most 64 bytes, counted as JSON." }),
    userAgent: z.string().optional().openapi({ description: "At most 1024 bytes, counted as JSON." }),
    label: z.string().optional().openapi({ description: "At most 256 bytes, counted as JSON." }),
  })
  .openapi("Device")

const instant = z.iso.datetime().openapi({ description: "An instant, ISO 8601 in UTC." })

export const session = z
  .strictObject({
    sessionId: z.string().openapi({ description: "The public handle; it authenticates nobody." }),
    userId: z.string().nullable(),
    pendingUserId: z.string().nullable(),
    impersonatorId: z.string().nullable(),
    impersonatorSessionId: z.string().nullable().openapi({ description: "The handle of the impersonator's own session; null where it was not named." }),
    createdAt: instant,
    authenticatedAt: instant.nullable(),
    lastAccessedAt: instant,
    expiresAt: instant,
    absoluteExpiresAt: instant,
    persistent: z.boolean(),
    version: z.int(),
    device,
    attributes,
  })
  .openapi("Session")

export const token = z.string().openapi({ description: "The secret that opens the session. It is shown this once." })

export const noQuery = z.strictObject({})
export const tokenHeader = z.object({ "x-session-token": z.string({ error: "expected one token" }).min(1, "expected one token") })

/** A session as JSON. Each field is named, so that nothing leaves the service that nobody thought of. */
export function present(from: SessionData): z.input<typeof session> {
  const { ip, userAgent, label } = from.device
  return {
    sessionId: from.sessionId,
    userId: from.userId,
    pendingUserId: from.pendingUserId,
    impersonatorId: from.impersonatorId,
    impersonatorSessionId: from.impersonatorSessionId,
    createdAt: from.createdAt.toISOString(),
    authenticatedAt: from.authenticatedAt?.toISOString() ?? null,
    lastAccessedAt: from.lastAccessedAt.toISOString(),
    expiresAt: from.expiresAt.toISOString(),
    absoluteExpiresAt: from.absoluteExpiresAt.toISOString(),
    persistent: from.persistent,
    version: from.version,
    device: { ip, userAgent, label },
    attributes: from.attributes as Record<string, unknown>,
  }
}
