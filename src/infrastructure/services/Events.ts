import type { Logger } from "../../domain/interfaces/ports.js"

/** Tells the application what happened. A failure of its listener or its logger is never the caller's. */
export class Events<E extends { readonly type: string }> {
  readonly #listener: ((event: E) => unknown) | null
  readonly #logger: Logger | null

  constructor(settings: { readonly onEvent: ((event: E) => unknown) | null; readonly logger: Logger | null }) {
    this.#listener = settings.onEvent
    this.#logger = settings.logger
  }

  /** Whether anybody listens: where calls are many, an event for nobody is not even made. */
  get isHeard(): boolean {
    return this.#listener !== null
  }

  emit(event: E): void {
    if (this.#listener !== null) this.#tell(this.#listener, event, event.type)
  }

  /** A listener of one call, such as that of its progress: how it fails is never the call's either. @param name for the log */
  ofCall<T>(listener: ((value: T) => unknown) | undefined, name: string): ((value: T) => void) | undefined {
    return listener && ((value) => this.#tell(listener, value, name))
  }

  #tell<T>(listener: (value: T) => unknown, value: T, name: string): void {
    // What a listener throws may hold anything, so it is not logged.
    const failed = (): void => this.warn({ event: name }, "An event listener threw")
    try {
      const returned = listener(value)
      if (returned instanceof Promise) returned.catch(failed)
    } catch {
      failed()
    }
  }

  /** A broken logger must break no call either. */
  warn(fields: Parameters<Logger["warn"]>[0], message: string): void {
    try {
      const returned: unknown = this.#logger?.warn(fields, message)
      if (returned instanceof Promise) returned.catch(() => undefined)
    } catch {
      // There is nobody left to tell.
    }
  }
}
