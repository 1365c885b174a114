import type { Settings } from "../settings.js"
import type { GeneratedKey } from "./generated-key.js"

/**
 * What a newcomer reads after the start: where it listens, which store, which key, and the next command to try.
 * A generated key is shown once, and on a terminal only: elsewhere this text ends up in a log.
 */
export function greeting(options: {
  readonly settings: Settings
  readonly origin: string
  readonly generated: GeneratedKey | undefined
  readonly isTerminal: boolean
}): string {
  const { settings, origin, generated, isTerminal } = options
  const isNamed = settings.keys.some(({ name }) => name === "COATCHECK_API_KEY")
  const given = isNamed ? "$COATCHECK_API_KEY" : "$KEY"
  const key = generated === undefined ? given : `$(cat ${quote(generated.path)})`
  return [
    `coatcheck listens on ${origin}`,
    `sessions are kept in ${settings.store.shown} (${settings.store.kind})`,
    ...(generated === undefined
      ? [`API keys: ${settings.keys.map(({ name, scopes }) => `${name} (${scopes.join(", ")})`).join("; ")}`]
      : keyLines(generated, isTerminal)),
    "",
    "Try it:",
    ...(generated !== undefined || isNamed ? [] : ["  # KEY: one of COATCHECK_API_KEYS that has the scope create"]),
    `  curl -s ${origin}/v1/sessions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '{"userId":"ada"}'`,
    "",
  ].join("\n")
}

function keyLines({ key, path, isNew }: GeneratedKey, isTerminal: boolean): string[] {
  return [`the API key is in ${path}`, ...(isNew && isTerminal ? [`a new one was made, shown this once: ${key}`] : [])]
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
