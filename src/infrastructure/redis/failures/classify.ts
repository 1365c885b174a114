import { type Outcome, SessionError, type SessionErrorCode } from "../../../domain/errors.js"

/** What is known of a call that failed. */
export interface FailedCall {
  /** It changes nothing, so that no failure leaves anything in doubt. */
  readonly readOnly: boolean
  /** `never`: it is certain that no byte of it reached a socket. */
  readonly sent: "never" | "maybe"
  /** The store in words, at the beginning of a sentence; "The store" where its address is the client's affair. */
  readonly store?: string
}

interface Verdict {
  readonly code: SessionErrorCode
  readonly outcome: Outcome
  /** The cause in own words, and what to do. */
  readonly says: string
}

const unavailable = (says: string): Verdict => ({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied", says })
const refused = (says: string): Verdict => ({ code: "ERR_STORE_REFUSED", outcome: "not-applied", says })
const unexpected = (says: string, outcome: Outcome = "not-applied"): Verdict => ({ code: "ERR_STORE_PROTOCOL", outcome, says })

const MISSING_RIGHT = "this user may not run the command or use the key. Extend its ACL; ACL LOG on the server shows what was refused."

/** Error replies by their first word. Servers give these before they execute anything. */
const REPLIES: Readonly<Record<string, Verdict>> = {
  LOADING: unavailable("it is still reading its data. Try again shortly."),
  READONLY: unavailable("it is a replica, which must not be written to. Try again after the failover, or connect to the primary."),
  MASTERDOWN: unavailable("it is a replica that lost its primary. Try again after the failover, or connect to the primary."),
  CLUSTERDOWN: unavailable("the cluster does not serve this slot now. Try again shortly; if it stays, look at CLUSTER INFO."),
  TRYAGAIN: unavailable("the slot is being moved to another node. Try again shortly."),
  NOREPLICAS: unavailable("too few replicas are connected (min-replicas-to-write). Try again when they are back."),
  BUSY: unavailable("a script of somebody else is running for a long time. Try again; SCRIPT KILL ends it."),
  MOVED: unavailable("the slot is on another node. Try again shortly; for Redis Cluster hand in a cluster client."),
  ASK: unavailable("the slot is being moved to another node. Try again shortly; for Redis Cluster hand in a cluster client."),
  OOM: refused("its memory is full. Raise maxmemory, or end sessions; signing out still works."),
  MISCONF: refused("it cannot save its data and therefore takes no writes. Look at its log and its disk."),
  NOAUTH: refused("it asks for a password. Give one, in the URL or to the client."),
  WRONGPASS: refused("user name or password are wrong. Correct them, in the URL or in the client's options."),
  NOPERM: refused(MISSING_RIGHT),
  DENIED: refused("it is in protected mode. Give it a password, or bind it to another address."),
  NOPROTO: refused("it does not know this version of the protocol. Redis 7 or Valkey 8 is needed."),
  NOSCRIPT: unexpected("it does not know a script that was sent with its source. Is there a proxy between this process and the server?"),
  CROSSSLOT: refused("it is a node of a Redis Cluster, and this client takes it for a single server. Use redis+cluster://…, or hand in a cluster client."),
  WRONGTYPE: unexpected("a key holds another type of value. Does another program write keys of the same names? Use the option keyPrefix."),
}

/** Error replies that share the word ERR, by what follows. */
const ERR_REPLIES: readonly (readonly [RegExp, Verdict])[] = [
  [/^ERR max number of clients/, unavailable("it has as many connections as it allows. Try again, or raise maxclients.")],
  [
    /^ERR This instance has cluster support disabled/,
    refused("it is no node of a Redis Cluster, and this client takes it for one. Use redis://…, or hand in a client for a single server."),
  ],
  [/^ERR unknown command \W?sentinel\b/i, refused("it is no Sentinel. Use redis://… for a single server, or name the Sentinels with their own port.")],
  [/^ERR (unknown|disabled) (sub)?command/i, refused("it does not know a command. Redis 7 or Valkey 8 is needed, with no command renamed.")],
  [/^ERR (invalid password|AUTH|Client sent AUTH)/i, refused("it does not accept the password. Correct it, in the URL or in the client's options.")],
  // Of a command within a script, which may have changed something before. A script that passes it on doubles the word.
  [/^(ERR )+ACL failure in script/i, { ...refused(MISSING_RIGHT), outcome: "unknown" }],
  [/^ERR DB index/i, refused("it has no database of that number. Correct the number in the URL.")],
]

/** Failures whose text or code shows that the command was never written. */
const NEVER_WRITTEN =
  /^(The client is closed|The client is offline|The command was aborted|Timeout waiting for a client|Stream isn't writeable|Cluster isn't ready)/
const CONNECTING = new Set(["connect", "getaddrinfo"])
const NO_CONNECTION = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"])

/**
 * Sorts what a client rejected with into this library's errors.
 *
 * The client's error itself goes no further, not even as `cause`: it carries commands, with tokens in them, and URLs with passwords. Of a server's
 * reply only its first word is repeated, of a socket's error only its code.
 */
export function classifyFailure(error: unknown, call: FailedCall): SessionError {
  if (SessionError.is(error)) return error
  const word = replyWord(error)
  return word === undefined
    ? connectionFailure(error, call)
    : toError(replyVerdict(word, messageOf(error)), `${call.store ?? "The store"} answered ${word}:`, call)
}

/** Whether a client's error shows that the command never reached a socket. */
export function neverWritten(error: unknown): boolean {
  const { code, syscall } = socketFields(error)
  return NO_CONNECTION.has(code) || CONNECTING.has(syscall) || NEVER_WRITTEN.test(messageOf(error))
}

/** Whether the nodes of a cluster did answer, and a client gave up following what they said. ioredis says the same of connections that broke again and again. */
export function isRedirectedTooOften(error: unknown): boolean {
  return /^Too many Cluster redirections(?:$|\. Last error: ReplyError: )/.test(messageOf(error))
}

/** The `host:port` to which a cluster's last answer sent a client that gave up; `undefined` where that answer names none. */
export function lastRedirection(error: unknown): string | undefined {
  return /^Too many Cluster redirections\. Last error: ReplyError: (?:MOVED|ASK) \d+ (\S+)$/.exec(messageOf(error))?.[1]
}

/** What ioredis rejects with where the last error of a call that it gave up is a lost connection. */
export function lostAgainAndAgain(): Error {
  return new Error("Too many Cluster redirections. Last error: Error: Connection is closed.")
}

/** The first word of a server's error reply, such as `WRONGTYPE`; `undefined` for an error of the client or its socket. */
export function replyWord(error: unknown): string | undefined {
  // No client begins a message of its own with a word in capitals.
  return socketCode(error) ? undefined : /^([A-Z][A-Z0-9_]+)(?:\s|$)/.exec(messageOf(error))?.[1]
}

/** The code of a socket's or of TLS's error, such as `ECONNREFUSED`; empty where there is none. */
export function socketCode(error: unknown): string {
  return socketFields(error).code
}

function replyVerdict(word: string, message: string): Verdict {
  const known = Object.hasOwn(REPLIES, word) ? REPLIES[word] : undefined
  // A script that was under way when the server refused one of its commands may have written before.
  if (word === "NOPERM" && raisedByScript(message) && known) return { ...known, outcome: "unknown" }
  if (known) return known
  const err = ERR_REPLIES.find(([pattern]) => pattern.test(message))
  return err?.[1] ?? unexpected("this library does not expect that. Is there a proxy, or a server older than Redis 7 or Valkey 8?", "unknown")
}

function raisedByScript(message: string): boolean {
  return /\bscript: [0-9a-f]{40}\b/.test(message)
}

function connectionFailure(error: unknown, call: FailedCall): SessionError {
  const message = messageOf(error)
  const code = socketCode(error)
  if (/^The queue is full/.test(message)) {
    const says = "Too many commands wait for the store. Try again shortly; if it stays, the store is too slow for this load."
    return new SessionError("ERR_STORE_OVERLOADED", says)
  }
  if (call.sent === "never")
    return toError(
      unavailable("the call was not sent. Is the server running, and is the client connected?"),
      `There is no connection to the store${inBrackets(code)}:`,
      call,
    )
  if (error instanceof TypeError && !code) return toError(unexpected("please report this.", "unknown"), "The client could not send a command:", call)
  if (isGarbage(error))
    return toError(unexpected("is there another program, or a proxy, at that address?", "unknown"), "The store answered something that is no reply:", call)
  if (/^Command timed out/.test(message)) return lostReply("The client gave up waiting for the store's answer", call)
  if (/^(Connection in subscriber mode|Connection is in monitoring mode)/.test(message)) {
    return toError(refused("hand in a client of its own, e.g. what duplicate() returns."), "The client is subscribed or monitors, and takes no commands:", call)
  }
  if (isRedirectedTooOften(error)) return toError(unavailable("try again shortly."), "The cluster is being changed:", call)
  return lostReply(`The connection to the store was lost before it answered${inBrackets(code)}`, call)
}

// A read that got no answer changed nothing. A write that got none may have been applied, whatever ended the wait.
function lostReply(what: string, call: FailedCall): SessionError {
  if (call.readOnly) return new SessionError("ERR_STORE_UNAVAILABLE", `${what}. Try again.`)
  return new SessionError("ERR_STORE_TIMEOUT", `${what}. The call may have been applied.`)
}

/** Whether a client could make nothing of what it was answered. */
export function isGarbage(error: unknown): boolean {
  return error instanceof Error && (error.name === "ParserError" || /^(Protocol error|Unknown RESP type)/.test(error.message))
}

function toError(verdict: Verdict, prefix: string, call: FailedCall): SessionError {
  const outcome = call.readOnly ? "not-applied" : verdict.outcome
  return new SessionError(verdict.code, `${prefix} ${verdict.says}`, { outcome })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ""
}

function socketFields(error: unknown): { readonly code: string; readonly syscall: string } {
  if (!(error instanceof Error)) return { code: "", syscall: "" }
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown }
  return { code: typeof code === "string" && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : "", syscall: typeof syscall === "string" ? syscall : "" }
}

function inBrackets(code: string): string {
  return code ? ` (${code})` : ""
}
