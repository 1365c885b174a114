import { readdirSync, statSync, truncateSync } from "node:fs"
import { join } from "node:path"

interface Size {
  /** By `performance.now()`. */
  readonly at: number
  readonly bytes: number
}

const EVERY_MS = 20

/** Watches how an append-only file grows, so that the end of what was on the disk at an earlier moment can be found later. */
export class FileSizes implements Disposable {
  readonly #folder: string
  readonly #sizes: Size[] = []
  readonly #timer: NodeJS.Timeout

  /** @param folder of a server that keeps one */
  constructor(folder: string) {
    this.#folder = join(folder, "appendonlydir")
    this.#look()
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
  }

  /** Cuts off what was appended since a moment, as a power cut does with what was not made last. @returns when the new end was written, and what went */
  cutBackTo(moment: number): { readonly at: number; readonly bytes: number } {
    const kept = this.#sizes.filter(({ at }) => at <= moment).at(-1)
    if (kept === undefined) throw new Error("Expected the file to have been watched at that moment")
    const bytes = this.#newest().bytes - kept.bytes
    truncateSync(this.#newest().path, kept.bytes)
    return { at: kept.at, bytes }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    this.#sizes.push({ at: performance.now(), bytes: this.#newest().bytes })
  }

  #newest(): { readonly path: string; readonly bytes: number } {
    const numberOf = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? -1)
    const [name] = readdirSync(this.#folder)
      .filter((one) => numberOf(one) >= 0)
      .sort((a, b) => numberOf(b) - numberOf(a))
    if (name === undefined) throw new Error("Expected an append-only file")
    const path = join(this.#folder, name)
    return { path, bytes: statSync(path).size }
  }
}
