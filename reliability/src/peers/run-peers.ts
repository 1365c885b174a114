import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { FaultProxy } from "../faults/network/FaultProxy.js"
import { isWanted, type LayerReport, type LayerSettings, type Row } from "../layer.js"
import { StoreServer } from "../servers/StoreServer.js"
import { openCoatcheck } from "./coatcheck-peer.js"
import { openExpressSession } from "./express-session-peer.js"
import type { Peer } from "./peer.js"
import { Visitor } from "./Visitor.js"

const PEERS = [
  { name: "coatcheck", open: openCoatcheck, mustHold: true },
  { name: "express-session with connect-redis", open: openExpressSession, mustHold: false },
] as const
const ROUNDS = { full: 500, quick: 40 } as const
const WIDTH = 10
const THINK_MS = 20
const CALLS_IN_A_HOLE = 5
/** Of a reply, after which it is cut. */
const LOST_AFTER_BYTES = 3
const SETTLES_MS = 200

interface Found {
  revived: number
  lostUpdates: number
  repliesLost: number
}

/** Puts the same visits through applications on this library and on others, and counts what comes of them. */
export async function runPeers(settings: LayerSettings): Promise<LayerReport> {
  const rows: Row[] = []
  for (const { name, open, mustHold } of PEERS.filter((peer) => isWanted(peer.name, settings))) {
    settings.signal.throwIfAborted()
    settings.onProgress(`peers: ${name}`)
    rows.push(await visit(name, open, mustHold, settings))
  }
  return rows
}

async function visit(name: string, open: (url: string) => Promise<Peer>, mustHold: boolean, { scale, signal }: LayerSettings): Promise<Row> {
  await using server = await StoreServer.start("redis")
  await using proxy = await FaultProxy.start(server.port)
  await using peer = await open(proxy.url)
  const site = createServer((request, response) => peer.handle(request, response))
  site.listen(0, "127.0.0.1")
  await once(site, "listening")
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const visitors: Visitor[] = []
  const enter = async (): Promise<Visitor> => {
    const visitor = new Visitor(origin)
    visitors.push(visitor)
    await visitor.signIn()
    return visitor
  }
  const found: Found = { revived: 0, lostUpdates: 0, repliesLost: 0 }
  const rounds = ROUNDS[scale]
  try {
    for (let made = 0; made < rounds; made += WIDTH) {
      signal.throwIfAborted()
      await Promise.all(Array.from({ length: WIDTH }, async () => signOutBesideSlowRequest(await enter(), found)))
      await Promise.all(Array.from({ length: WIDTH }, async () => writeSideBySide(await enter(), found)))
    }
    for (let made = 0; made < rounds / WIDTH; made++) await loseReply(enter, proxy, found)
    await fallIntoHole(await enter(), proxy)
  } finally {
    site.closeAllConnections()
    site.close()
  }
  const sum = (what: "calls" | "hung" | "failed"): number => visitors.reduce((total, visitor) => total + visitor[what], 0)
  const figures = {
    "sign-outs beside a slow request": rounds,
    "revived sessions": found.revived,
    "pairs of updates side by side": rounds,
    "lost updates": found.lostUpdates,
    calls: sum("calls"),
    "replies lost on purpose": found.repliesLost,
    "calls that failed": sum("failed"),
    "hung calls": sum("hung"),
    "sign-out everywhere": mustHold ? "yes" : "n/a",
    "limit of sessions a user": mustHold ? "yes" : "n/a",
  }
  const broken = mustHold ? (["revived sessions", "lost updates", "hung calls"] as const).filter((figure) => figures[figure] > 0) : []
  const why = broken.map((figure) => `Expected no ${figure}, got ${figures[figure]}`)
  if (found.repliesLost === 0) why.push("Expected replies to be lost on purpose, got none")
  // Nothing can be said of a visit whose calls fail; each loss and each call into the hole may cost one.
  const mayFail = found.repliesLost + CALLS_IN_A_HOLE
  if (mustHold && figures["calls that failed"] > mayFail) why.push(`Expected at most ${mayFail} calls to fail, got ${figures["calls that failed"]}`)
  return {
    name,
    where: `redis ${server.version}, one server, node-redis`,
    verdict: why.length === 0 ? "passed" : "failed",
    figures,
    why,
  }
}

/** A request that began before the sign-out ends after it. */
async function signOutBesideSlowRequest(visitor: Visitor, found: Found): Promise<void> {
  const slow = visitor.set("page", "seen", THINK_MS)
  const signedOut = await visitor.signOut()
  await slow
  if (signedOut === "done" && (await visitor.look()).outcome === "done") found.revived += 1
}

/** Two requests change different attributes of one session. */
async function writeSideBySide(visitor: Visitor, found: Found): Promise<void> {
  const outcomes = await Promise.all([visitor.set("theme", "dark", THINK_MS / 2), visitor.set("language", "eo", THINK_MS / 2)])
  const { attributes } = await visitor.look()
  for (const [i, name] of ["theme", "language"].entries()) if (outcomes[i] === "done" && attributes[name] === undefined) found.lostUpdates += 1
}

/** The connection to the store ends while an update's reply is on its way, and again during the sign-out. */
async function loseReply(enter: () => Promise<Visitor>, proxy: FaultProxy, found: Found): Promise<void> {
  const visitor = await enter()
  const cut = async <T>(work: () => Promise<T>): Promise<T> => {
    proxy.arm({ direction: "replies", bytes: LOST_AFTER_BYTES })
    const result = await work()
    if (proxy.struck) found.repliesLost += 1
    proxy.arm()
    await new Promise((resolve) => setTimeout(resolve, SETTLES_MS))
    return result
  }
  const set = await cut(() => visitor.set("theme", "dark", 0))
  if (set === "done" && (await visitor.look()).attributes["theme"] === undefined) found.lostUpdates += 1
  const signedOut = await cut(() => visitor.signOut())
  if (signedOut === "done" && (await visitor.look()).outcome === "done") found.revived += 1
}

/** The line to the store hangs, and goes on after the visitor has lost patience. */
async function fallIntoHole(visitor: Visitor, proxy: FaultProxy): Promise<void> {
  proxy.hang()
  try {
    await Promise.all(Array.from({ length: CALLS_IN_A_HOLE }, () => visitor.look()))
  } finally {
    proxy.heal("none")
  }
}
