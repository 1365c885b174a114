interface Watchable {
  on(event: string, listener: (detail: unknown) => void): unknown
}

/** Tells when a connection of the application's own client is lost. A client that sends unanswered commands again, as ioredis does, makes no call fail then. */
export function watchCloses(store: unknown, closed: () => void): void {
  if (!isWatchable(store)) return
  store.on("close", closed)
  // Of a cluster's client, each node.
  store.on("+node", (node) => watchCloses(node, closed))
  if ("nodes" in store && typeof store.nodes === "function") for (const node of store.nodes("all") as readonly unknown[]) watchCloses(node, closed)
}

function isWatchable(store: unknown): store is Watchable {
  return typeof store === "object" && store !== null && "on" in store && typeof store.on === "function"
}
