import ipaddr from "ipaddr.js"
import proxyAddr from "proxy-addr"
import { canonicalAddress } from "../shared/addresses.js"
import { assertInteger, expected } from "../shared/assertions.js"

/** Whether the one that is `hop` steps away, from 0 for the socket, may say who sent it the request. */
export type Trust = (address: string | undefined, hop: number) => boolean
/** How much of an address a session keeps. */
export type StoredAddress = "whole" | "prefix" | "none"

const MOST_HOPS = 32
const MOST_NETWORKS = 1_000

/**
 * Reads whose `X-Forwarded-For` is believed: networks, or how many proxies stand in front.
 *
 * @throws UnexpectedValue
 */
export function readTrust(given: unknown): Trust {
  if (given === undefined) return () => false
  if (typeof given === "number") {
    assertInteger(given, "trustProxy", { min: 0, max: MOST_HOPS })
    return (_address, hop) => hop < given
  }
  if (!Array.isArray(given) || given.length > MOST_NETWORKS) throw expected("trustProxy", 'networks such as ["10.0.0.0/8"], or a number of proxies', given)
  const among = compile(given)
  return (address) => address !== undefined && among(address, 0)
}

function compile(networks: readonly unknown[]): (address: string, hop: number) => boolean {
  for (const network of networks) {
    if (typeof network !== "string" || !isNetwork(network))
      throw expected("trustProxy", 'networks such as "10.0.0.0/8", and addresses such as "192.0.2.1" or "2001:db8::1"', network)
  }
  return networks.length === 0 ? () => false : proxyAddr.compile(networks as string[])
}

/** In the one way of writing that no two programs read differently: `010.0.0.0` and `10/8` are other networks to some. */
function isNetwork(text: string): boolean {
  const [, address = text, bits = "1"] = /^(.*)\/([1-9]\d{0,2})$/.exec(text) ?? []
  return ipaddr.IPv4.isValidFourPartDecimal(address) ? Number(bits) <= 32 : ipaddr.IPv6.isValid(address) && Number(bits) <= 128
}

/**
 * The client's address, in its one canonical spelling: found from the right, since whatever stands left of the last untrusted hop is the sender's claim.
 *
 * @param forwardedFor all `X-Forwarded-For` headers, joined by `", "`
 * @returns `undefined` where it cannot be known
 * @source OWASP ASVS 5.0 4.1.3, 15.3.4
 */
export function clientAddress(remoteAddress: string | undefined, forwardedFor: string | undefined, trust: Trust): string | undefined {
  const claims = (forwardedFor ?? "").split(",").map((claim) => claim.trim())
  const nearest = claims.filter((claim) => claim !== "").slice(-MOST_HOPS)
  // Canonical before anyone is trusted: some proxies name the one before them with its port, or in brackets.
  const chain = [remoteAddress, ...nearest.reverse()].map((claim) => canonicalAddress(claim))
  const stranger = chain.findIndex((address, hop) => !trust(address, hop))
  return chain.at(stranger)
}

/** What a session keeps of an address: all of it, its network (/24, /48), or nothing. */
export function storedAddress(address: string | undefined, stored: StoredAddress): string | undefined {
  if (address === undefined || stored === "none") return undefined
  if (stored === "whole") return address
  if (address.includes(":")) return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/48`).toRFC5952String()}/48`
  return `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/24`).toString()}/24`
}
