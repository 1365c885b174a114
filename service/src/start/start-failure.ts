import { SessionError } from "coatcheck"

/** Exit codes, as in sysexits.h. */
export const EXIT = {
  /** A store that cannot be reached, or that refuses. */
  UNAVAILABLE: 69,
  /** An error that nobody expected. */
  SOFTWARE: 70,
  /** A bad setting, a port that is taken, a file that cannot be written. */
  CONFIG: 78,
} as const

/** Why the service does not start: one line that names the remedy. It quotes no value of a setting. */
export class StartFailure extends Error {
  override readonly name = "StartFailure"
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.CONFIG) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The settings by the names that the library knows them by in its errors. */
const SETTING_OF: Readonly<Record<string, string>> = {
  store: "REDIS_URL",
  idleTimeout: "COATCHECK_IDLE_TIMEOUT",
  absoluteTimeout: "COATCHECK_ABSOLUTE_TIMEOUT",
  touchInterval: "COATCHECK_TOUCH_INTERVAL",
  timeout: "COATCHECK_STORE_TIMEOUT",
}

/** What a store's refusal means for whoever starts the service. The library's errors hold no secrets, and know best what is wrong. */
export function storeFailure(error: unknown, store: { readonly kind: "redis" | "sqlite"; readonly shown: string }): StartFailure {
  if (SessionError.is(error, "ERR_CONFIG_INVALID")) {
    if (error.option === "strict") {
      return new StartFailure(`COATCHECK_STRICT lets no store with problems serve: ${error.message} Mend it, or unset COATCHECK_STRICT.`)
    }
    if (error.option === "durability") {
      return new StartFailure(`COATCHECK_DURABILITY asks for what the store does not do: ${error.message} Change the store, or unset COATCHECK_DURABILITY.`)
    }
    const setting = SETTING_OF[error.option ?? ""] ?? "a setting or the store"
    return new StartFailure(`${setting} is not what was expected: ${error.message} Correct it; --help lists the settings.`)
  }
  const [code, cause] = SessionError.is(error) ? [` (${error.code})`, `${error.message} `] : ["", ""]
  if (store.kind === "sqlite") {
    return new StartFailure(
      `cannot open the database ${store.shown}${code}: ${cause}Make it a readable and writable SQLite file, or set COATCHECK_FOLDER to another folder.`,
    )
  }
  if (SessionError.is(error, "ERR_STORE_REFUSED")) {
    return new StartFailure(`the store ${store.shown} refuses to serve${code}: ${cause}Its URL, with user and password, is in REDIS_URL.`, EXIT.UNAVAILABLE)
  }
  return new StartFailure(`cannot reach the store ${store.shown}${code}: ${cause}Start it, or correct REDIS_URL.`, EXIT.UNAVAILABLE)
}

/** Why the service cannot listen. */
export function listenFailure(error: unknown, host: string, port: number): StartFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown"
  if (code === "EADDRINUSE") return new StartFailure(`port ${port} on ${host} is taken: stop what listens there, or set COATCHECK_PORT.`)
  if (code === "EACCES") return new StartFailure(`port ${port} needs more rights than this process has: set COATCHECK_PORT to 1024 or more.`)
  return new StartFailure(`cannot listen on this host and port (${code}): correct COATCHECK_HOST and COATCHECK_PORT.`)
}

/** The line for any error at the start, and its exit code. Messages of foreign errors may quote secrets, so only their class is named. */
export function explain(error: unknown): { readonly line: string; readonly exitCode: number } {
  if (error instanceof StartFailure) return { line: `coatcheck: ${error.message}`, exitCode: error.exitCode }
  const kind = error instanceof Error ? error.name : typeof error
  return { line: `coatcheck: stopped by an error that was not expected (${kind}): please report it.`, exitCode: EXIT.SOFTWARE }
}
