import { StoreServer } from "coatcheck-reliability/servers"
import type { GroupSettings, Measured } from "../group.js"
import { besideBare, type Framework, loadOf } from "./beside-bare.js"
import { httpChart } from "./http-chart.js"
import { httpTable } from "./http-table.js"

/** Which applications stand beside each other, and what is wanted of ours. */
const FRAMEWORKS: readonly Framework[] = [
  {
    bare: "express",
    contenders: [
      { application: "express with coatcheck", added: "http-express-cpu", share: "http-express" },
      { application: "express with coatcheck and its near-cache", share: "http-express-near" },
      { application: "express with express-session and connect-redis" },
    ],
  },
  {
    bare: "fastify",
    contenders: [
      { application: "fastify with coatcheck", added: "http-fastify-cpu", share: "http-fastify" },
      { application: "fastify with a cookie read and one hash made" },
      { application: "fastify with @fastify/session and connect-redis" },
    ],
  },
  {
    bare: "fastify with a cookie read and one hash made",
    contenders: [{ application: "fastify with coatcheck and its near-cache", share: "http-fastify-near" }],
  },
  { bare: "node:http", contenders: [{ application: "node:http with coatcheck" }, { application: "node:http with coatcheck and its near-cache" }] },
]

/** Measures requests to applications that know who is signed in, beside the bare frameworks. */
export async function runHttp(given: GroupSettings): Promise<Measured> {
  await using store = await StoreServer.start("redis")
  const settings = loadOf(given)
  const { requests, users, connections } = settings
  const rows = await besideBare(FRAMEWORKS, store.url, settings)
  if (rows.length > 0)
    given.onText(`Rounds of ${requests} requests over ${connections} connections, ${users} users signed in, Redis ${store.version}.\n\n${httpTable(rows)}`)
  return {
    figures: { server: `Redis ${store.version}`, requests, users, connections, rows },
    findings: rows.flatMap(({ findings }) => findings),
    charts: rows.length === 0 ? [] : [httpChart(rows)],
  }
}
