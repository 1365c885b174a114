import type { RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"

/**
 * Runs a script by its SHA-1, and by its source where the server does not know it: a script cache may be emptied at any time, and a new
 * primary starts with none. The client's own ways (defineScript, defineCommand) are not used, because they would change the application's client.
 *
 * @param send - sends one command; rejects with the client's own error
 * @param signal - nothing more is sent once it is aborted: a script must not take effect after its caller was told that time is up
 */
export async function runScript(
  send: (args: readonly string[]) => Promise<unknown>,
  script: RedisScript,
  keys: readonly string[],
  args: readonly (string | number)[],
  signal: AbortSignal,
): Promise<unknown> {
  const command = ["evalsha", script.sha1, String(keys.length)].concat(keys, args.map(String))
  try {
    return await send(command)
  } catch (error) {
    if (!isNoScript(error)) throw error
    // Nothing was run, so the call ends as its caller or its deadline ended it, and not with a reply that says nothing of that.
    signal.throwIfAborted()
    return await send(["eval", script.source, ...command.slice(2)])
  }
}

// The text is looked at instead of a class: each client, and each copy of one, has a class of its own.
function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT")
}
