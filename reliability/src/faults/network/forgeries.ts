import type { Forgery } from "./FaultProxy.js"

export interface NamedForgery extends Forgery {
  readonly name: string
  /** Whether a client can tell that this is no reply at all, so that it must not read on. */
  readonly isGarbage: boolean
}

const HALF_A_GIGABYTE = 512 * 1024 * 1024
const NESTED = 10_000

const garbage = (name: string, text: string): NamedForgery => ({ name, bytes: Buffer.from(text, "latin1"), place: "instead", isGarbage: true })
const wrong = (name: string, text: string): NamedForgery => ({ ...garbage(name, text), isGarbage: false })
const cutShort = (name: string, text: string): NamedForgery => ({ ...wrong(name, text), place: "then-end" })
const endless = (name: string, text: string): NamedForgery => ({ ...wrong(name, text), place: "then-silence" })
const before = (name: string, text: string): NamedForgery => ({ ...wrong(name, text), place: "before" })

/** What no server of ours answers. None of them could be taken for an answer. */
export const FORGERIES: readonly NamedForgery[] = [
  garbage("another protocol", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
  garbage("bytes of no meaning", "\u0000\u00ff\u0001\u00fe\u0016\u0003\u0001\u0002"),
  garbage("a type that does not exist", "@what\r\n"),
  wrong("a status", "+FINE\r\n"),
  wrong("a number", ":-7\r\n"),
  wrong("a list of lists", "*2\r\n*1\r\n:-7\r\n*1\r\n:-7\r\n"),
  wrong("a text", "$7\r\nnonsens\r\n"),
  wrong("an error without a known word", "-NONSENSE of a proxy\r\n"),
  wrong("an error of many words", `-ERR ${"x".repeat(60_000)}\r\n`),
  cutShort("a text that is cut short", "$100\r\nabc"),
  cutShort("a list that is cut short", "*3\r\n:1\r\n"),
  cutShort("an end instead of a reply", ""),
  endless("a text of 512 MB that does not come", `$${HALF_A_GIGABYTE}\r\nabc`),
  endless("a list of a thousand million that does not come", "*1000000000\r\n:1\r\n"),
  endless("lists in lists", "*1\r\n".repeat(NESTED)),
  endless("nothing", ""),
  before("a push message", ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n"),
  before("a push message of no meaning", ">2\r\n$8\r\nnonsense\r\n:1\r\n"),
]
