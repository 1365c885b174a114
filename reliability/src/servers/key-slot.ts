export const SLOTS = 16_384

/** The slot of a key, as a cluster counts it: CRC-16 (XMODEM) of what stands between the first braces, or of the whole key. */
export function keySlot(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
    crc &= 0xffff
  }
  return crc % SLOTS
}

/** In which of equal parts of all slots one lies, counted from 0. */
export function shareOf(slot: number, shares: number): number {
  return Math.floor(slot / Math.ceil(SLOTS / shares))
}

/** The slot of a session and of all others of its user. */
export function slotOfToken(token: string): number {
  return keySlot(`{${token.slice(0, token.indexOf("."))}}`)
}
