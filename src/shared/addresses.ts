import ipaddr from "ipaddr.js"

const WITH_PORT = /^(?:\[(.*)\](?::\d{1,5})?|(\d[\d.]*)(?::\d{1,5})?)$/

/** One spelling for each address: IPv4 in IPv6 becomes IPv4, zone and port go. What is no address is `undefined`. */
export function canonicalAddress(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const [, inBrackets, four] = WITH_PORT.exec(text) ?? []
  const bare = (inBrackets ?? four ?? text).replace(/%.*$/, "")
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return bare
  if (!ipaddr.IPv6.isValid(bare)) return undefined
  const address = ipaddr.IPv6.parse(bare)
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String()
}

/**
 * The network of a canonical address that belongs to one customer of a provider: IPv6 cut to so many bits, for whoever has one such address has all of its
 * network; IPv4 as it is.
 *
 * IPv6 that translators and tunnels make of IPv4 has strangers in one such network, or one customer in many: it is the IPv4 address that it carries. What a
 * translator of one's own makes, by a form that only its owner knows, counts whole. Only for counting: a proxy is trusted by the address that it has.
 *
 * @source RFC 6052, 2.1 (64:ff9b::/96) · RFC 8215 (64:ff9b:1::/48) · RFC 3056, 2 (6to4, 2002::/16) · RFC 4380, 4 (Teredo, 2001::/32)
 */
export function networkOf(address: string, ipv6Bits: number): string {
  if (!address.includes(":")) return address
  const { parts } = ipaddr.IPv6.parse(address)
  const [first, second, third] = parts
  if (first === 0x2002) return dotted(parts[1], parts[2])
  if (first === 0x2001 && second === 0) return dotted(parts[6], parts[7], 0xffff)
  const isTranslated = first === 0x64 && second === 0xff9b
  if (isTranslated && parts.slice(2, 6).every((part) => part === 0)) return dotted(parts[6], parts[7])
  const bits = isTranslated && third === 1 ? 128 : ipv6Bits
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`).toRFC5952String()}/${bits}`
}

/** @param mask - Teredo writes every bit as its opposite */
function dotted(high = 0, low = 0, mask = 0): string {
  return [high, low].flatMap((part) => [(part ^ mask) >> 8, (part ^ mask) & 0xff]).join(".")
}
