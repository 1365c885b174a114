import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { deadlinePassed } from "../../../../../infrastructure/call-deadlines.js"
import { classifyFailure, type FailedCall, neverWritten, replyWord } from "../../../../../infrastructure/redis/failures/classify.js"

const WRITE: FailedCall = { readOnly: false, sent: "maybe" }
const READ: FailedCall = { readOnly: true, sent: "maybe" }
const SECRET = "s3cret-token"
const SCRIPT = " script: 5c1c1a9a1d2ba3e1a6f1b1a6e3d9f7f0a6c0c0de, on @user_script:3."

function socketError(message: string, code: string, syscall: string): Error {
  return Object.assign(new Error(message), { code, syscall })
}

function sorted(error: unknown, call: FailedCall): { readonly code: string; readonly outcome: string; readonly retryable: boolean } {
  const { code, outcome, retryable } = classifyFailure(error, call)
  return { code, outcome, retryable }
}

describe("an error reply", () => {
  it.each([
    "LOADING Redis is loading the dataset in memory",
    "READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOREPLICAS Not enough good replicas to write.",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "MOVED 3999 127.0.0.1:6381",
    "ASK 3999 127.0.0.1:6381",
    "ERR max number of clients reached",
  ])("may pass, and nothing was applied: %s", (message) => {
    expect(sorted(new Error(message), WRITE)).toEqual({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied", retryable: true })
  })

  it.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "DENIED Redis is running in protected mode",
    "ERR unknown command 'evalsha', with args beginning with: 's3cret-token'",
    "ERR DB index is out of range",
    "ERR invalid password",
    "CROSSSLOT Keys in request don't hash to the same slot",
  ])("is a refusal, and nothing was applied: %s", (message) => {
    expect(sorted(new Error(message), WRITE)).toEqual({ code: "ERR_STORE_REFUSED", outcome: "not-applied", retryable: false })
  })

  it.each([
    ["WRONGTYPE Operation against a key holding the wrong kind of value", "not-applied"],
    [`WRONGTYPE Operation against a key holding the wrong kind of value${SCRIPT}`, "not-applied"],
    ["NOSCRIPT No matching script.", "not-applied"],
    [`ERR user_script:3: attempt to index nil ${SECRET}${SCRIPT}`, "unknown"],
    [`ERR Script attempted to access a non local key in a cluster node${SCRIPT}`, "unknown"],
    ["CONSTRUCTOR a word nobody knows", "unknown"],
    ["SOMETHINGNEW happened", "unknown"],
  ])("was not expected: %s", (message, outcome) => {
    expect(sorted(new Error(message), WRITE)).toEqual({ code: "ERR_STORE_PROTOCOL", outcome, retryable: false })
    expect(sorted(new Error(message), READ).outcome).toBe("not-applied")
  })

  it("from inside a script leaves it open what the script did before", () => {
    for (const says of [
      "NOPERM this user has no permissions to access one of the keys",
      "ERR ACL failure in script: User ada has no permissions to run the 'zadd' command",
      "ERR ERR ACL failure in script: User ada has no permissions to run the 'zadd' command",
    ])
      expect(sorted(new Error(`${says}${SCRIPT}`), WRITE)).toMatchObject({ code: "ERR_STORE_REFUSED", outcome: "unknown" })
  })

  it("is repeated with its first word alone", () => {
    const error = classifyFailure(new Error(`WRONGPASS ${SECRET} is wrong`), { ...WRITE, store: "The store at 10.0.0.1:6379" })
    expect(error.message).toMatch(/^The store at 10\.0\.0\.1:6379 answered WRONGPASS: /)
    expect(error.message).not.toContain(SECRET)
    expect(replyWord(new Error(`${SECRET} WRONGPASS`))).toBeUndefined()
  })
})

describe("an error of a client or its socket", () => {
  it.each([
    [new Error("Socket closed unexpectedly")],
    [new Error("Disconnects client")],
    [new Error("Connection is closed.")],
    [new Error("Reached the max retries per request limit (which is 0).")],
    [new Error("Command timed out")],
    [socketError("read ECONNRESET", "ECONNRESET", "read")],
    [socketError("write EPIPE", "EPIPE", "write")],
    [new Error(`something new with ${SECRET}`)],
    ["not even an error"],
    [undefined],
  ])("after sending leaves a write in doubt, and a read may be repeated: %s", (error) => {
    expect(sorted(error, WRITE)).toEqual({ code: "ERR_STORE_TIMEOUT", outcome: "unknown", retryable: true })
    expect(sorted(error, READ)).toEqual({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied", retryable: true })
    expect(classifyFailure(error, WRITE).message).not.toContain(SECRET)
    expect(neverWritten(error)).toBe(false)
  })

  it.each([
    [socketError("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED", "connect")],
    [socketError("connect ETIMEDOUT", "ETIMEDOUT", "connect")],
    [socketError("getaddrinfo ENOTFOUND nowhere", "ENOTFOUND", "getaddrinfo")],
    [Object.assign(new AggregateError([]), { code: "ECONNREFUSED" })],
    [new Error("The client is closed")],
    [new Error("The client is offline")],
    [new Error("The command was aborted")],
    [new Error("Timeout waiting for a client after 3000ms")],
    [new Error("Stream isn't writeable and enableOfflineQueue options is false")],
  ])("before sending is certain: %s", (error) => {
    expect(neverWritten(error)).toBe(true)
    expect(sorted(error, { readOnly: false, sent: "never" })).toEqual({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied", retryable: true })
  })

  it("tells a full queue, garbage and a client's own mistake apart", () => {
    expect(sorted(new Error("The queue is full"), WRITE)).toEqual({ code: "ERR_STORE_OVERLOADED", outcome: "not-applied", retryable: true })
    expect(sorted(Object.assign(new Error('Protocol error, got "H" as reply type byte'), { name: "ParserError" }), WRITE)).toMatchObject({
      code: "ERR_STORE_PROTOCOL",
      outcome: "unknown",
    })
    expect(sorted(new TypeError("Invalid argument type"), WRITE)).toMatchObject({ code: "ERR_STORE_PROTOCOL", outcome: "unknown" })
    expect(sorted(new Error("Connection in subscriber mode, only subscriber commands may be used"), WRITE)).toMatchObject({
      code: "ERR_STORE_REFUSED",
      outcome: "not-applied",
    })
    for (const said of ["", ". Last error: ReplyError: MOVED 1 host:1", ". Last error: ReplyError: CLUSTERDOWN Hash slot not served"]) {
      const error = sorted(new Error(`Too many Cluster redirections${said}`), WRITE)
      expect(error).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
    }
    expect(sorted(new Error("Too many Cluster redirections. Last error: Error: Connection is closed."), WRITE)).toMatchObject({
      code: "ERR_STORE_TIMEOUT",
      outcome: "unknown",
    })
  })

  it("never carries the client's error, and an error that was sorted stays as it is", () => {
    const error = classifyFailure(Object.assign(new Error("Connection is closed."), { command: { args: [SECRET] } }), WRITE)
    expect(error.cause).toBeUndefined()
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET)
    expect(classifyFailure(error, READ)).toBe(error)
  })
})

it("a passed deadline leaves a write in doubt, and not a read", () => {
  expect(deadlinePassed(250, false)).toMatchObject({
    code: "ERR_STORE_TIMEOUT",
    outcome: "unknown",
    retryable: true,
    message: expect.stringContaining("250 ms"),
  })
  expect(deadlinePassed(250, true)).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "not-applied" })
})
