/** Tells on a terminal at once, in its last line, which `""` clears; elsewhere a line every few seconds. */
export function progressOn(stream: NodeJS.WriteStream, everyMs = 2_000): (text: string) => void {
  let last = Number.NEGATIVE_INFINITY
  return (text) => {
    if (stream.isTTY) stream.write(`\r\u001b[K${text}`)
    else if (text !== "" && performance.now() - last >= everyMs) {
      last = performance.now()
      stream.write(`${text}\n`)
    }
  }
}
