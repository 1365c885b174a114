// One application in a process of its own: node application.js NAME STORE-URL. Tells its port, and when asked, the processor time that it used.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { APPLICATIONS } from "./applications.js"
import { LIMITING_APPLICATIONS } from "./limiting-applications.js"

const [name = "", url = ""] = process.argv.slice(2)
const open = { ...APPLICATIONS, ...LIMITING_APPLICATIONS }[name]
if (open === undefined || process.send === undefined) throw new Error("Expected the name of an application, from the program that measures it")

const listener = await open(url)
// Connections are idle while others are measured.
const server = createServer({ keepAliveTimeout: 600_000 }, listener).listen(0, "127.0.0.1", () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.on("message", () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system })
})
// Ends with the program that measures.
process.on("disconnect", () => process.exit())
