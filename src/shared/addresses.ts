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

/** The network of a canonical address: IPv6 cut to so many bits, for whoever has one such address has all of its network; IPv4 as it is. */
export function networkOf(address: string, ipv6Bits: number): string {
  return address.includes(":") ? `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${ipv6Bits}`).toRFC5952String()}/${ipv6Bits}` : address
}
