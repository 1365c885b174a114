import fc from "fast-check"
import ipaddr from "ipaddr.js"
import { describe, expect, it } from "vitest"
import { canonicalAddress, networkOf } from "../../../shared/addresses.js"

describe("networkOf", () => {
  it.each([
    ["IPv4 is itself", "192.0.2.1", "192.0.2.1"],
    ["IPv6 counts by its network", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["that of a translator is the IPv4 address it carries", "64:ff9b::c000:201", "192.0.2.1"],
    ["the last one of them", "64:ff9b::ffff:ffff", "255.255.255.255"],
    ["what is next to a translator's is not", "64:ff9b::1:c000:201", "64:ff9b::/64"],
    ["that of a translator of one's own is itself", "64:ff9b:1::c000:201", "64:ff9b:1::c000:201/128"],
    ["whatever its form", "64:ff9b:1:c000:2:100::", "64:ff9b:1:c000:2:100::/128"],
    ["what is next to those is not", "64:ff9b:2::c000:201", "64:ff9b:2::/64"],
    ["6to4 is the IPv4 address of its site", "2002:c000:201::1", "192.0.2.1"],
    ["whichever of the site's networks it lies in", "2002:c000:201:ffff:1:2:3:4", "192.0.2.1"],
    ["Teredo is the client's address, not the server's", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"],
    ["what is next to Teredo is not", "2001:1::3fff:fdd2", "2001:1::/64"],
    ["deprecated IPv4 in IPv6 is nobody's: all of it is one", "::c000:201", "::/64"],
    ["the loopback address is no IPv4 address", "::1", "::/64"],
  ])("%s: %s is %s", (_what, address, network) => {
    expect(networkOf(address, 64)).toBe(network)
  })

  it("is written in the same way however the address was", () => {
    for (const text of ["64:FF9B::192.0.2.1", "[64:ff9b:0:0:0:0:c000:0201]:443", "64:ff9b::192.0.2.1%eth0"])
      expect(networkOf(canonicalAddress(text) ?? "", 64)).toBe("192.0.2.1")
  })

  /** A group of an IPv6 address. */
  const group = fc.integer({ min: 0, max: 0xffff }).map((part) => part.toString(16))
  const hex = (address: string, mask = 0) => {
    const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map((part) => Number(part) ^ (mask & 0xff))
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  }
  const ipv4 = fc.ipV4()
  const carrying = fc.oneof(
    ipv4.map((address) => ({ address, text: `64:ff9b::${hex(address)}` })),
    fc.tuple(ipv4, fc.array(group, { minLength: 5, maxLength: 5 })).map(([address, rest]) => ({ address, text: `2002:${hex(address)}:${rest.join(":")}` })),
    fc
      .tuple(ipv4, fc.array(group, { minLength: 4, maxLength: 4 }))
      .map(([address, before]) => ({ address, text: `2001:0:${before.join(":")}:${hex(address, 0xff)}` })),
    ipv4.map((address) => ({ address, text: `::ffff:${hex(address)}` })),
  )

  it("brings every form of an IPv4 address together, and no two addresses", () => {
    fc.assert(
      fc.property(carrying, carrying, (one, other) => {
        const [first, second] = [one, other].map(({ text }) => networkOf(canonicalAddress(text) ?? "", 64))
        expect(first).toBe(one.address)
        expect(first === second).toBe(one.address === other.address)
      }),
    )
  })

  it("is otherwise the network that ipaddr.js finds, and the same for all addresses in it", () => {
    const special = new Set(["rfc6052", "6to4", "teredo", "ipv4Mapped"])
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 32, max: 128 }), (text, bits) => {
        const address = ipaddr.IPv6.parse(text)
        fc.pre(!special.has(address.range()))
        const network = networkOf(canonicalAddress(text) ?? "", bits)
        expect(network).toBe(`${ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${bits}`).toRFC5952String()}/${bits}`)
        expect(address.match(ipaddr.IPv6.parseCIDR(network))).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})
