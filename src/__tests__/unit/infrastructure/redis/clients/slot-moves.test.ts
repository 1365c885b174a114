import { expect, it } from "vitest"
import { whileSlotMoves } from "../../../../../infrastructure/redis/clients/slot-moves.js"

const CALL_MS = 1_000
const WAITING = new AbortController().signal

/** Fails with the errors in turn, then answers. */
function sender(...messages: readonly string[]): { readonly send: () => Promise<string>; readonly sent: () => number } {
  let sent = 0
  const send = async (): Promise<string> => {
    const message = messages[sent++]
    if (message !== undefined) throw new Error(message)
    return "OK"
  }
  return { send, sent: () => sent }
}

it.each([
  "TRYAGAIN Multiple keys request during rehashing of slot",
  "Too many Cluster redirections",
  "Too many Cluster redirections. Last error: ReplyError: MOVED 1 127.0.0.1:1",
])("sends again after %s", async (message) => {
  const { send, sent } = sender(message, message)
  expect(await whileSlotMoves(send, WAITING, CALL_MS)).toBe("OK")
  expect(sent()).toBe(3)
})

it.each([
  "TRYAGAIN Multiple keys request during rehashing of slot script: 0123456789012345678901234567890123456789",
  "Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN Hash slot not served",
  "Too many Cluster redirections. Last error: Error: Connection is closed.",
  "CLUSTERDOWN Hash slot not served",
  "READONLY You can't write against a read only replica.",
])("does not send again after %s", async (message) => {
  const { send, sent } = sender(message)
  await expect(whileSlotMoves(send, WAITING, CALL_MS)).rejects.toThrow(message)
  expect(sent()).toBe(1)
})

it("ends within four fifths of the call, and when nobody waits any more", async () => {
  const began = performance.now()
  const { send, sent } = sender(...Array.from({ length: 1_000 }, () => "TRYAGAIN"))
  await expect(whileSlotMoves(send, WAITING, CALL_MS)).rejects.toThrow("TRYAGAIN")
  expect(performance.now() - began).toBeLessThan(CALL_MS)
  expect(sent()).toBeGreaterThan(3)
  await expect(whileSlotMoves(send, AbortSignal.abort(), CALL_MS)).rejects.toThrow("TRYAGAIN")
})

it("does not begin what would take longer than is left, as long as the last try took", async () => {
  let sent = 0
  const slow = async (): Promise<never> => {
    sent += 1
    await new Promise((resolve) => setTimeout(resolve, 500))
    throw new Error("TRYAGAIN")
  }
  await expect(whileSlotMoves(slow, WAITING, CALL_MS)).rejects.toThrow("TRYAGAIN")
  expect(sent).toBe(1)
})
