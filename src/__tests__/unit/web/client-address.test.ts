import fc from "fast-check"
import proxyAddr from "proxy-addr"
import { describe, expect, it } from "vitest"
import { canonicalAddress } from "../../../shared/addresses.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import { clientAddress, readTrust, storedAddress } from "../../../web/client-address.js"

describe("canonicalAddress", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.1:443", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["[::ffff:192.0.2.1]:443", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:8080", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["[fe80::1%25en0]:80", "fe80::1"],
    ["::1", "::1"],
  ])("%s is %s", (text, address) => {
    expect(canonicalAddress(text)).toBe(address)
  })

  it.each([
    undefined,
    "",
    "unknown",
    "_hidden",
    "192.0.2",
    "192.0.2.256",
    "1",
    "0x7f.1",
    "0300.0.2.1",
    "192.0.2.1/24",
    "192.0.2.1, 192.0.2.2",
    "2001:db8::1::",
    ":::",
    "[192.0.2.1",
    "localhost",
    "192.0.2.1\r\nx",
  ])("%j is none", (text) => {
    expect(canonicalAddress(text)).toBeUndefined()
  })

  it("is its own canonical form, and never anything but an address", () => {
    const any = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
      fc.string(),
      fc.ipV6().map((address) => `[${address}]:80`),
    )
    fc.assert(
      fc.property(any, (text) => {
        const address = canonicalAddress(text)
        if (address !== undefined) expect(canonicalAddress(address)).toBe(address)
        expect(address ?? "").toMatch(/^[0-9a-f.:]*$/)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe("clientAddress", () => {
  const PROXIES = readTrust(["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.99"])

  it.each([
    ["nobody is trusted by default", readTrust(undefined), "10.0.0.1", "203.0.113.7", "10.0.0.1"],
    ["a stranger at the socket is not believed", PROXIES, "198.51.100.1", "203.0.113.7", "198.51.100.1"],
    ["a proxy is", PROXIES, "10.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["a proxy in IPv4 within IPv6 is", PROXIES, "::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["a proxy on IPv6 is", PROXIES, "2001:db8:ffff::5", "203.0.113.7", "203.0.113.7"],
    ["a single address is", PROXIES, "192.0.2.99", "203.0.113.7", "203.0.113.7"],
    ["what a client put on the left is not", PROXIES, "10.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"],
    ["a chain of proxies is walked from the right", PROXIES, "10.0.0.1", "1.2.3.4, 203.0.113.7, 10.0.0.3,10.0.0.2", "203.0.113.7"],
    ["a trusted client behind trusted proxies is itself", PROXIES, "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["a proxy without the header is the client", PROXIES, "10.0.0.1", undefined, "10.0.0.1"],
    ["so is one with an empty header", PROXIES, "10.0.0.1", " , ", "10.0.0.1"],
    ["garbage is nobody", PROXIES, "10.0.0.1", "203.0.113.7, unknown", undefined],
    ["port and zone go", PROXIES, "10.0.0.1", "[2001:db8::1%1]:4711", "2001:db8::1"],
    ["a trusted proxy may be named with its port", PROXIES, "10.0.0.1", "1.2.3.4, 203.0.113.7, 10.0.0.2:555", "203.0.113.7"],
    ["or in brackets", PROXIES, "10.0.0.1", "203.0.113.7, [2001:db8:ffff::5]:443,[2001:db8:ffff::6], [::ffff:10.0.0.3]", "203.0.113.7"],
    ["what is no address is not trusted, though it could be read as one", PROXIES, "10.0.0.1", "203.0.113.7, 0x0a.0.0.2", undefined],
    ["no proxy", readTrust(0), "10.0.0.1", "203.0.113.7", "10.0.0.1"],
    ["one proxy", readTrust(1), "10.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"],
    ["two proxies", readTrust(2), "10.0.0.1", "1.2.3.4, 203.0.113.7, 10.0.0.2", "203.0.113.7"],
    ["fewer than there should be", readTrust(3), "10.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["a socket of the file system is no network", PROXIES, undefined, "203.0.113.7", undefined],
    ["a socket of the file system is a hop", readTrust(1), undefined, "203.0.113.7", "203.0.113.7"],
  ])("%s", (_case, trust, socket, forwarded, address) => {
    expect(clientAddress(socket, forwarded, trust)).toBe(address)
  })

  it("finds whom proxy-addr finds", () => {
    const address = fc.oneof(fc.ipV4(), fc.constantFrom("10.0.0.1", "10.9.9.9", "192.0.2.99", "unknown", "::ffff:10.1.1.1", "2001:db8:ffff::2"))
    const trusted = proxyAddr.compile(["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.99"])
    fc.assert(
      fc.property(address, fc.array(address, { maxLength: 8 }), (socket, chain) => {
        const request = { headers: { "x-forwarded-for": chain.join(", ") }, socket: { remoteAddress: socket } }
        const theirs = proxyAddr(request as unknown as Parameters<typeof proxyAddr>[0], trusted)
        expect(clientAddress(socket, chain.join(", "), PROXIES)).toBe(canonicalAddress(theirs))
      }),
      { numRuns: 1_000 },
    )
  })

  it("looks at the 32 nearest of a chain", () => {
    const chain = ["203.0.113.7", ...Array.from({ length: 40 }, () => "10.0.0.2")].join(", ")
    expect(clientAddress("10.0.0.1", chain, PROXIES)).toBe("10.0.0.2")
  })
})

describe("trustProxy", () => {
  it.each([[[]], [["127.0.0.1"]], [["10.0.0.0/8", "fc00::/7"]], [["192.0.2.1/32", "::1/128", "fe80::1"]], [0], [32], [undefined]])("%j is taken", (trust) => {
    expect(readTrust(trust)).toBeTypeOf("function")
  })

  it.each([
    [true],
    [-1],
    [33],
    [1.5],
    ["10.0.0.0/8"],
    [["10.0.0.0/33"]],
    [["0.0.0.0/0"]],
    [["::/0"]],
    [["010.0.0.0/8"]],
    [["0x0a.0.0.0/8"]],
    [["10/8"]],
    [["127.1/8"]],
    [["10.0.0.0/00"]],
    [["10.0.0.0/08"]],
    [["10.0.0.0/255.0.0.0"]],
    [["1.2.3.4:80"]],
    [["[::1]"]],
    [["[::1]/128"]],
    [["::1/129"]],
    [["::1/"]],
    [["loopback"]],
    [["10.0.0"]],
    [[1]],
    [[undefined]],
    [{}],
    [null],
  ])("%j is refused", (trust) => {
    expect(() => readTrust(trust)).toThrow(UnexpectedValue)
  })
})

describe("storedAddress", () => {
  it.each([
    ["192.0.2.77", "192.0.2.77", "192.0.2.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
    [undefined, undefined, undefined],
  ])("keeps %s whole, its network, or nothing", (address, whole, prefix) => {
    expect(storedAddress(address, "whole")).toBe(whole)
    expect(storedAddress(address, "prefix")).toBe(prefix)
    expect(storedAddress(address, "none")).toBeUndefined()
  })
})
