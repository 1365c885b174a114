import { connectIoRedis } from "./open-store.js"

/** What is asked of a store behind a service's back. */
export interface StoreKeys {
  get(key: string): Promise<string | null>
  /** Leaves the key's time to live as it is. */
  set(key: string, value: string): Promise<void>
  close(): void
}

/** @param url - of any topology */
export async function openKeys(url: string): Promise<StoreKeys> {
  const client = await connectIoRedis(url)
  return {
    get: (key) => client.get(key),
    set: async (key, value) => void (await client.set(key, value, "KEEPTTL")),
    close: () => client.disconnect(),
  }
}
