import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { connect } from "node:net"
import { vi } from "vitest"
import { askServer } from "./servers.js"

/** A command that a server executed. */
export interface MonitoredCommand {
  /** In capitals. */
  readonly name: string
  readonly args: readonly string[]
  /** Whether a script ran it. */
  readonly inScript: boolean
}

export interface Monitor {
  /** All commands since the last call of this, without those of the tests' own connections. */
  take(): Promise<readonly MonitoredCommand[]>
  stop(): void
}

const LINE = /^\+\d+\.\d+ \[\d+ (lua|[^\]]*)\] (.*)$/
const ARGUMENT = /"((?:[^"\\]|\\.)*)"/g
/** What clients send when they connect. */
const GREETINGS = new Set(["HELLO", "CLIENT", "INFO", "SELECT", "AUTH", "COMMAND"])

/** Watches everything that a server executes; give it a server that no other test uses. */
export async function startMonitor(port: number): Promise<Monitor> {
  const socket = connect({ host: "127.0.0.1", port })
  await once(socket, "connect")
  let text = ""
  socket.setEncoding("latin1").on("data", (more: string) => {
    text += more
  })
  socket.write("MONITOR\r\n")
  await vi.waitFor(
    () => {
      if (!text.startsWith("+OK\r\n")) throw new Error("MONITOR was not accepted yet")
    },
    { timeout: 5_000, interval: 5 },
  )
  text = text.slice(5)
  return {
    take: async () => {
      // The server answers in the order in which it executes: when this one is seen, so is all that came before it.
      const marker = randomBytes(8).toString("hex")
      await askServer(port, `ECHO ${marker}`)
      await vi.waitFor(
        () => {
          if (!text.includes(marker)) throw new Error("The marker has not arrived yet")
        },
        { timeout: 5_000, interval: 2 },
      )
      const end = text.indexOf("\r\n", text.indexOf(marker)) + 2
      const lines = text.slice(0, end).split("\r\n")
      text = text.slice(end)
      return lines.flatMap(parse).filter(({ name }) => !GREETINGS.has(name) && name !== "ECHO" && name !== "QUIT")
    },
    stop: () => {
      socket.destroy()
    },
  }
}

function parse(line: string): MonitoredCommand[] {
  const [, from, rest] = LINE.exec(line) ?? []
  if (rest === undefined) return []
  const [name = "", ...args] = [...rest.matchAll(ARGUMENT)].map(([, argument = ""]) => argument)
  return [{ name: name.toUpperCase(), args, inScript: from === "lua" }]
}
