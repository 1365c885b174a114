import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"

const [listenOn = "", host = "", port = ""] = process.argv.slice(2)

/** A process that carries connections on to a server and ends with whoever started it. */
const relay = createServer((client) => {
  const server = connect({ host, port: Number(port) })
  for (const socket of [client, server]) {
    socket.setNoDelay(true)
    socket.on("error", () => undefined)
    socket.on("close", () => {
      client.destroy()
      server.destroy()
    })
  }
  client.pipe(server)
  server.pipe(client)
})
relay.listen(0, listenOn)
await once(relay, "listening")
process.stdout.write(`${(relay.address() as AddressInfo).port}\n`)
process.stdin.resume().on("close", () => process.exit(0))
