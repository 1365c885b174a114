// One application in a process of its own. Tells its port when it is opened, and when asked, the processor time that it used.
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { answerParent } from "../processes/answer-parent.js"
import { APPLICATIONS } from "./applications.js"
import { LIMITING_APPLICATIONS } from "./limiting-applications.js"

/** An application by its name, and its store. */
export interface Opened {
  readonly name: string
  readonly url: string
}

answerParent(async (question: Opened | "cpu") => (question === "cpu" ? cpuUsed() : open(question)))

async function open({ name, url }: Opened): Promise<number> {
  const listen = { ...APPLICATIONS, ...LIMITING_APPLICATIONS }[name]
  if (listen === undefined) throw new RangeError("Expected the name of an application")
  // Connections are idle while others are measured.
  const server = createServer({ keepAliveTimeout: 600_000 }, await listen(url)).listen(0, "127.0.0.1")
  await once(server, "listening")
  return (server.address() as AddressInfo).port
}

/** In microseconds. */
function cpuUsed(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
