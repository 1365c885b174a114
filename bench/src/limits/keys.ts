/** Whose requests are counted. */
export interface Keys {
  /** `"one key"`, `"10 000 keys"` */
  readonly name: string
  readonly names: readonly string[]
}

/** The key of a call: each in turn. */
export function keyAt({ names }: Keys, at: number): string {
  return names[at % names.length] ?? ""
}

/** Does something once for each key, some at a time. */
export async function forEachKey({ names }: Keys, work: (key: string) => Promise<unknown>): Promise<void> {
  const left = names.values()
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      for (const key of left) await work(key)
    }),
  )
}

export function keysOf(count: number): Keys {
  return {
    name: count === 1 ? "one key" : `${count.toLocaleString("en").replace(",", " ")} keys`,
    names: Array.from({ length: count }, (_, at) => `user-${at}-of-${count}`),
  }
}
