import { SessionError } from "../domain/errors.js"
import type { IRecordStore } from "../domain/interfaces/records/IRecordStore.js"

/** A store that is opened when it is first used: the libraries want a store at once, and a connection takes its time. */
export class LazyRecords {
  readonly #open: () => Promise<IRecordStore>
  #opening: Promise<IRecordStore> | null = null
  #closing: Promise<void> | null = null

  constructor(open: () => Promise<IRecordStore>) {
    this.#open = open
  }

  /** The open store. Where it could not be opened, the next call tries again. @throws ERR_CLOSED · ERR_STORE_UNAVAILABLE, ERR_STORE_REFUSED */
  opened(): Promise<IRecordStore> {
    if (this.#closing !== null) return Promise.reject(new SessionError("ERR_CLOSED", "Expected an open session store, got one that close() was called on."))
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = null
      throw error
    })
    return this.#opening
  }

  /** Opens the store and asks whether it answers. @throws ERR_CLOSED · ERR_STORE_UNAVAILABLE, ERR_STORE_REFUSED and others */
  async ready(): Promise<void> {
    const store = await this.opened()
    await store.ping()
  }

  /** Waits for the calls under way, then closes what was opened. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const store = await this.#opening?.catch(() => null)
    await store?.close()
  }
}
