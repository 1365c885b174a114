import { StoreServer } from "coatcheck-reliability/servers"
import type { GroupSettings } from "../group.js"
import { besideBare, type Framework, loadOf } from "./beside-bare.js"
import { httpTable } from "./http-table.js"

/** Which applications stand beside each other, and what is wanted of ours. */
const FRAMEWORKS: readonly Framework[] = [
  {
    bare: "express",
    contenders: [
      { application: "express with coatcheck", added: { kind: "at most", value: 40 }, share: { kind: "at least", value: 0.75 } },
      { application: "express with express-session and connect-redis" },
    ],
  },
  {
    bare: "fastify",
    contenders: [
      { application: "fastify with coatcheck", added: { kind: "at most", value: 12 }, share: { kind: "at least", value: 0.7 } },
      { application: "fastify with @fastify/session and connect-redis" },
    ],
  },
  { bare: "node:http", contenders: [{ application: "node:http with coatcheck" }] },
]

/** Measures requests to applications that know who is signed in, beside the bare frameworks. */
export async function runHttp(given: GroupSettings): Promise<unknown> {
  await using store = await StoreServer.start("redis")
  const settings = loadOf(given)
  const { requests, users, connections } = settings
  const rows = await besideBare(FRAMEWORKS, store.url, settings)
  given.onText(`Rounds of ${requests} requests over ${connections} connections, ${users} users signed in, Redis ${store.version}.\n\n${httpTable(rows)}`)
  return { server: `Redis ${store.version}`, requests, users, connections, rows }
}
