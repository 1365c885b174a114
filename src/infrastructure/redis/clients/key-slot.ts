const SLOTS = 16_384
const BYTES = new TextEncoder()

const CRC16 = Uint16Array.from({ length: 256 }, (_unused, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
  return crc
})

/** The slot in which a cluster keeps a key: of what stands in its first braces, where something does, otherwise of the whole. */
export function keySlot(key: string): number {
  const open = key.indexOf("{")
  const close = open < 0 ? -1 : key.indexOf("}", open + 1)
  let crc = 0
  for (const byte of BYTES.encode(close > open + 1 ? key.slice(open + 1, close) : key)) {
    crc = ((crc << 8) & 0xffff) ^ (CRC16[(crc >> 8) ^ byte] ?? 0)
  }
  return crc % SLOTS
}
