import { spawnSync } from "node:child_process"
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmdirSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const PIECE = Buffer.alloc(4_096)
const mounted = new Set<SmallDisk>()
process.on("exit", () => {
  for (const disk of mounted) disk[Symbol.dispose]()
})

/** A disk of a few megabytes in memory that can be filled. Needs root. */
export class SmallDisk implements Disposable {
  readonly folder: string

  constructor(megabytes: number) {
    removeForsaken()
    this.folder = mkdtempSync(join(tmpdir(), `coatcheck-reliability-disk-${process.pid}-`))
    const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", this.folder], { encoding: "utf8" })
    if (status !== 0) {
      rmdirSync(this.folder)
      throw new Error(`Expected a small disk to be mounted, got: ${stderr.trim()}`)
    }
    mounted.add(this)
  }

  /** Leaves no room at all. */
  fill(): void {
    const file = openSync(this.#filler, "a")
    try {
      while (writeSync(file, PIECE) > 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error
    } finally {
      closeSync(file)
    }
  }

  /** Gives back the room that `fill` took. */
  free(): void {
    rmSync(this.#filler, { force: true })
  }

  get #filler(): string {
    return join(this.folder, "filler")
  }

  [Symbol.dispose](): void {
    if (!mounted.delete(this)) return
    // Lazily, because somebody who was killed may still have a file open.
    spawnSync("umount", ["-l", this.folder])
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A process that is killed outright unmounts nothing: whoever comes next does it. */
function removeForsaken(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(/^coatcheck-reliability-disk-(\d+)-/.exec(name)?.[1])
    if (Number.isNaN(pid) || existsSync(`/proc/${pid}`)) continue
    const folder = join(tmpdir(), name)
    spawnSync("umount", ["-l", folder])
    try {
      rmdirSync(folder)
    } catch {
      // Somebody else's, or not empty: it is left where it is.
    }
  }
}
