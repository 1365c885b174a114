import { connect } from "node:net"
import { text } from "node:stream/consumers"

/** Sends bytes as they are and reads the answer: clients tidy up request targets, attackers do not. */
export async function rawRequest(
  port: number,
  head: readonly string[],
  body = "",
  hosts: readonly string[] = ["Host: localhost"],
): Promise<{ readonly status: number; readonly head: string; readonly body: string }> {
  const socket = connect(port, "127.0.0.1")
  socket.setTimeout(5_000, () => socket.destroy(new Error("no answer within 5 s")))
  socket.write(Buffer.from(`${[...head, ...hosts].join("\r\n")}\r\nConnection: close\r\n\r\n${body}`, "latin1"))
  const answer = await text(socket)
  const split = answer.indexOf("\r\n\r\n")
  return { status: Number(answer.split(" ")[1]), head: answer.slice(0, split), body: answer.slice(split + 4) }
}
