import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import { createSessionService, SessionError } from "coatcheck"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { survivedOf } from "../faults/fault-row.js"
import { judge } from "../faults/judge.js"
import { limitsHeld } from "../faults/limits.js"
import { FaultProxy } from "../faults/network/FaultProxy.js"
import { LINE_THAT_HANGS } from "../faults/rows/line-that-hangs.js"
import type { HistoryLine } from "../histories/history-line.js"
import { StoreServer } from "../servers/StoreServer.js"
import { ownFolder, runCommand } from "./command.js"
import { QUICK_SITE } from "./quick-site.js"

const WORD = Buffer.from("0123456789")

describe("a proxy between a client and a server that repeats what it hears", () => {
  let echo: Server
  let heard = ""

  beforeAll(async () => {
    echo = createServer((socket) => {
      socket.on("error", () => undefined)
      socket.on("data", (bytes) => {
        heard += bytes.toString()
        socket.write(bytes)
      })
    }).listen(0, "127.0.0.1")
    await once(echo, "listening")
  })
  afterAll(() => echo.close())

  async function open(): Promise<{ readonly proxy: FaultProxy; readonly client: Socket; readonly got: () => string } & AsyncDisposable> {
    heard = ""
    const { port } = echo.address() as { readonly port: number }
    const proxy = await FaultProxy.start(port)
    const client = connect(proxy.port, "127.0.0.1")
    client.on("error", () => undefined)
    let text = ""
    client.on("data", (bytes) => (text += bytes.toString()))
    await once(client, "connect")
    return {
      proxy,
      client,
      got: () => text,
      [Symbol.asyncDispose]: async () => {
        client.destroy()
        await proxy.stop()
      },
    }
  }

  it.each([
    ["requests", "0123", ""],
    ["replies", "0123456789", "0123"],
  ] as const)("cuts %s after the bytes that it was told, and resets the connection", async (direction, arrived, answered) => {
    await using line = await open()
    line.proxy.arm({ direction, bytes: 4 })
    const closed = new Promise((resolve) => line.client.once("close", resolve))
    line.client.write(WORD)
    await closed
    expect(line.proxy.struck).toBe(true)
    expect(heard).toBe(arrived)
    expect(direction === "requests" || line.got() === answered).toBe(true)
  })

  it("resets a connection that is just being ended, and lets its process end", { timeout: 20_000 }, async () => {
    const proxy = new URL("../../dist/faults/network/FaultProxy.js", import.meta.url)
    const program = `
      import { connect, createServer } from "node:net"
      import { FaultProxy } from ${JSON.stringify(proxy.href)}
      const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1", async () => {
        const proxy = await FaultProxy.start(server.address().port)
        const client = connect(proxy.port, "127.0.0.1")
        client.on("error", () => undefined).on("close", () => proxy.stop().then(() => server.close()))
        server.on("connection", (socket) => {
          socket.on("error", () => undefined)
          proxy.halfClose()
          process.nextTick(() => process.nextTick(() => proxy.reset()))
        })
      })`
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" })
    onTestFinished(() => void child.kill("SIGKILL"))
    expect(await once(child, "exit")).toEqual([0, null])
  })

  it("lets nothing through while it hangs, and everything afterwards", async () => {
    await using line = await open()
    line.proxy.hang()
    line.client.write(WORD)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([heard, line.got()]).toEqual(["", ""])
    line.proxy.heal("none")
    await expect.poll(line.got).toBe("0123456789")
  })

  it("keeps a line dead that was to stay dead, and takes new ones", async () => {
    await using line = await open()
    line.proxy.hang()
    line.client.write(WORD)
    line.proxy.heal("all")
    const other = connect(line.proxy.port, "127.0.0.1")
    other.write("anew")
    const [answer] = (await once(other, "data")) as [Buffer]
    other.destroy()
    expect([answer.toString(), heard, line.got()]).toEqual(["anew", "anew", ""])
  })

  it("is as slow as its weather", async () => {
    await using line = await open()
    line.proxy.setWeather({ latencyMs: 60 })
    const began = performance.now()
    line.client.write(WORD)
    await once(line.client, "data")
    expect(performance.now() - began).toBeGreaterThanOrEqual(119)
  })

  it("puts what it was given in the place of a reply", async () => {
    await using line = await open()
    line.proxy.arm({ bytes: Buffer.from("forged"), place: "instead" })
    line.client.write(WORD)
    await expect.poll(line.got).toBe("forged")
    expect([heard, line.proxy.struck]).toEqual(["0123456789", true])
  })
})

describe("rows of the wire", () => {
  it("a line that hangs is brought about and survived", { timeout: 300_000 }, async () => {
    const found = await LINE_THAT_HANGS.run(QUICK_SITE)
    const { tried, why } = found
    expect(why).toEqual([])
    expect(tried).toBeGreaterThan(0)
    expect(survivedOf(found)).toBe(tried)
  })

  it("wrong certificates are refused, and a new one is taken while calls go on", { timeout: 600_000 }, async () => {
    const folder = ownFolder()
    const { exitCode, stdout } = await runCommand(["--layer", "faults", "--row", "27", "--quick"], folder)
    expect(stdout).toMatch(/27 wrong certificates.*passed\s+tried 6, survived 6.*right answers 4.*failed meanwhile 0/)
    expect(exitCode).toBe(0)
    expect(readdirSync(folder)).toEqual([])
  })

  it("a call that goes on after its deadline fails its row, unless this process itself was late", async () => {
    await using server = await StoreServer.start("redis")
    await using proxy = await FaultProxy.start(server.port)
    await using service = await createSessionService({ store: proxy.url, timeout: "400ms" })
    const { token } = await service.createSession({ userId: "ada" })
    proxy.hang()
    const began = performance.now()
    const code = await service.getSession(token).catch((error: unknown) => SessionError.is(error) && error.code)
    expect(code).toMatch(/^ERR_STORE_/)
    const settled = (performance.now() - began) * 1_000_000
    const line: HistoryLine = { client: "0.1", op: "get", args: { session: "AAA.1" }, call: 0, ret: settled, settled, outcome: "fail", value: {} }
    expect(limitsHeld(judge([line]), { timeoutMs: 100 }).join()).toMatch(/Expected every call to end within 150 ms/)
    expect(limitsHeld(judge([line], { standstills: { longest: 60_000, within: () => settled } }), { timeoutMs: 100 })).toEqual([])
  })
})
