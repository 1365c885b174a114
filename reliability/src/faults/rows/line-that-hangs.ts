import { StoreServer } from "../../servers/StoreServer.js"
import { openStore } from "../../workloads/open-store.js"
import type { FaultRow, FaultSite } from "../fault-row.js"
import { type Hole, holdOut } from "../network/black-hole.js"
import { FaultProxy } from "../network/FaultProxy.js"
import { LinkedHost } from "../network/LinkedHost.js"

/**
 * A line that hangs, without a reset. The library's own client makes its connection anew, also where the old one stays dead; one that was handed in is
 * left alone, and goes on when its line does.
 */
export const LINE_THAT_HANGS: FaultRow = {
  number: 14,
  name: "line that hangs without a reset",
  topologies: ["one server"],
  async run(site) {
    await using server = await StoreServer.start(site.kind)
    await using proxy = await FaultProxy.start(server.port)
    // A client that was handed in keeps a dead connection for as long as it likes.
    const dead = site.client === "node-redis" ? (["those from before", "all", "none"] as const) : (["none"] as const)
    let heals = 0
    const hole: Hole = {
      open: () => proxy.hang(),
      close: () => {
        proxy.heal(dead[heals % dead.length] ?? "none")
        heals += 1
      },
      connections: () => proxy.opened,
    }
    return await through(site, proxy.url, server.version, hole)
  },
}

/** A link that is taken down and up again: packets vanish, and TCP sends them again for a while. */
export const LINK_DOWN: FaultRow = {
  number: 14,
  name: "network link down (black hole)",
  topologies: ["one server"],
  needs: ["root that may make network links, and ip"],
  async run(site) {
    await using host = await LinkedHost.start()
    await using server = await StoreServer.start(site.kind, { config: { bind: `127.0.0.1 ${host.here}`, "protected-mode": "no" } })
    await host.lead(server.port)
    return await through(site, host.url, server.version, { open: () => host.cut(), close: () => host.mend() })
  },
}

async function through(site: FaultSite, url: string, version: string, hole: Hole) {
  const opened = await openStore(site.client, url)
  try {
    return await holdOut(site, opened.store, version, hole)
  } finally {
    await opened.close()
  }
}
