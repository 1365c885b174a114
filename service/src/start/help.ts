import { SETTINGS } from "../settings.js"
import { EXIT } from "./start-failure.js"

/** The answer to `--help`. The settings' own descriptions make it up. */
export function help(): string {
  const settings = Object.entries(SETTINGS.shape).map(([name, schema]) => {
    const { description, shown } = schema.meta() ?? {}
    return `  ${name.padEnd(32)}${description} [${String(shown)}]`
  })
  return [
    "Usage: npm start -- [--help]",
    "",
    "Serves sessions and rate limits over HTTP. docs/http-api.md describes the routes, and so does GET /openapi.json.",
    "",
    "Settings, read from the environment [defaults]:",
    ...settings,
    "",
    "Exit codes:",
    "  0   stopped by SIGTERM or SIGINT, after running requests were finished",
    `  ${EXIT.UNAVAILABLE}  the store cannot be reached, or refuses`,
    `  ${EXIT.SOFTWARE}  an error that was not expected`,
    `  ${EXIT.CONFIG}  a bad setting, a port that is taken, a file that cannot be written`,
    "",
  ].join("\n")
}
