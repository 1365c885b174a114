import { runAccuracy } from "./accuracy/run-accuracy.js"
import type { Group } from "./group.js"
import { runHttp } from "./http/run-http.js"
import { runLimits } from "./limits/run-limits.js"
import { runSessions } from "./sessions/run-sessions.js"

/** In the order in which they run. */
export const GROUPS: Readonly<Record<string, Group>> = {
  http: { about: "what authentication adds to a request, on Express, Fastify and node:http", run: runHttp },
  sessions: { about: "sessions beside the raw commands of the same client, and beside connect-redis and a plain design", run: runSessions },
  limits: { about: "decisions about rate limits beside the raw INCR of the same client, and beside other libraries", run: runLimits },
  accuracy: { about: "what each algorithm admits of bursty requests, held against the exact count; draws a chart", run: runAccuracy },
}
