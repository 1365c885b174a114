import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { prepareFolder } from "../start/data-folder.js"
import { generatedKey } from "../start/generated-key.js"

const ME = process.geteuid?.() ?? 0
const mode = (path: string) => statSync(path).mode & 0o777
let parent: string
let folder: string

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "coatcheck-folder-"))
  folder = join(parent, "coats")
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

describe("the folder", () => {
  it("is made for its owner only, however many levels are missing", () => {
    const deep = join(folder, "a", "b")
    prepareFolder(deep, ME)
    expect(mode(deep)).toBe(0o700)
  })

  it("and our files in it lose whatever rights others have", () => {
    mkdirSync(folder, { mode: 0o755 })
    const names = ["api-key", "sessions.db", "sessions.db-wal", "sessions.db-shm", "sessions.db-journal", "sessions.db-reserve"]
    for (const name of names) {
      writeFileSync(join(folder, name), "")
      chmodSync(join(folder, name), 0o644)
    }
    chmodSync(folder, 0o755)
    prepareFolder(folder, ME)
    expect([folder, ...names.map((name) => join(folder, name))].map(mode)).toEqual([0o700, ...names.map(() => 0o600)])
  })

  it("is closed to others also when a start was cut off while it made the key", () => {
    mkdirSync(folder)
    writeFileSync(join(folder, "api-key.0123456789ab"), "", { mode: 0o600 })
    chmodSync(folder, 0o755)
    prepareFolder(folder, ME)
    expect(mode(folder)).toBe(0o700)
  })

  it("is left alone when it is open to others and holds what is not ours", () => {
    mkdirSync(folder)
    writeFileSync(join(folder, "thesis.txt"), "")
    chmodSync(folder, 0o755)
    expect(() => prepareFolder(folder, ME)).toThrow(/chmod 700/)
    expect(mode(folder)).toBe(0o755)
  })

  it.each(["", "api-key", "sessions.db", "sessions.db-wal", "sessions.db-shm", "sessions.db-reserve"])("a link in place of coats/%s is refused", (name) => {
    const elsewhere = join(parent, "elsewhere")
    if (name === "") mkdirSync(elsewhere)
    else {
      mkdirSync(folder, { mode: 0o700 })
      writeFileSync(elsewhere, "")
    }
    symlinkSync(elsewhere, join(folder, name).replace(/\/$/, ""))
    expect(() => prepareFolder(folder, ME)).toThrow(/symbolic link/)
  })

  it.each(["/", "/.", "//", "/././", "/../folder-link"])(
    "a link whose name is spelt with %s behind it is refused, and what it leads to stays as it was",
    (spelling) => {
      const elsewhere = join(parent, "elsewhere")
      mkdirSync(elsewhere, { mode: 0o755 })
      symlinkSync(elsewhere, join(parent, "folder-link"))
      expect(() => prepareFolder(`${join(parent, "folder-link")}${spelling}`, ME)).toThrow(/symbolic link/)
      expect([mode(elsewhere), readdirSync(elsewhere)]).toEqual([0o755, []])
    },
  )

  it("a name that leads over a link is looked at as the system does, not by its letters", () => {
    const target = join(parent, "elsewhere", "target")
    mkdirSync(join(parent, "elsewhere", "inner"), { recursive: true })
    mkdirSync(target, { mode: 0o700 })
    symlinkSync(join(parent, "elsewhere", "inner"), join(parent, "over"))
    symlinkSync(target, join(parent, "elsewhere", "coats"))
    mkdirSync(folder, { mode: 0o700 })
    expect(() => prepareFolder(`${parent}/over/../coats`, ME)).toThrow(/symbolic link/)
    prepareFolder(`${parent}/over/../fresh`, ME)
    expect(mode(join(parent, "elsewhere", "fresh"))).toBe(0o700)
  })

  it("a dangling link is refused too, and what it points to is not made", () => {
    mkdirSync(folder, { mode: 0o700 })
    symlinkSync(join(parent, "elsewhere"), join(folder, "sessions.db"))
    expect(() => prepareFolder(folder, ME)).toThrow(/symbolic link/)
    expect(existsSync(join(parent, "elsewhere"))).toBe(false)
  })

  it("another user's folder or file is refused", () => {
    prepareFolder(folder, ME)
    expect(() => prepareFolder(folder, ME + 1)).toThrow(/belongs to another user/)
    writeFileSync(join(folder, "sessions.db"), "")
    expect(() => prepareFolder(folder, ME + 1)).toThrow(/belongs to another user/)
  })

  it("a file in place of the folder, and a folder in place of a file, are refused", () => {
    writeFileSync(folder, "")
    expect(() => prepareFolder(folder, ME)).toThrow(/cannot write/)
    rmSync(folder)
    mkdirSync(join(folder, "sessions.db"), { recursive: true, mode: 0o700 })
    expect(() => prepareFolder(folder, ME)).toThrow(/not a file/)
  })
})

describe("the generated key", () => {
  it("is made once, for its owner only, and found again", () => {
    prepareFolder(folder, ME)
    const first = generatedKey(folder)
    expect(first).toEqual({ key: expect.stringMatching(/^[\w-]{43}$/), path: join(folder, "api-key"), isNew: true })
    expect(generatedKey(folder)).toEqual({ ...first, isNew: false })
    expect([readFileSync(first.path, "utf8"), mode(first.path)]).toEqual([`${first.key}\n`, 0o600])
    expect(readdirSync(folder)).toEqual(["api-key"])
  })

  it("differs from folder to folder", () => {
    prepareFolder(folder, ME)
    const other = join(parent, "other")
    prepareFolder(other, ME)
    expect(generatedKey(folder).key).not.toBe(generatedKey(other).key)
  })

  it.each(["", "short", "k".repeat(31), `${"k".repeat(32)} ${"k".repeat(32)}`])("a file that holds %j instead is refused and left as it is", (content) => {
    prepareFolder(folder, ME)
    writeFileSync(join(folder, "api-key"), content)
    expect(() => generatedKey(folder)).toThrow(/delete it to have a new one made/)
    expect(readFileSync(join(folder, "api-key"), "utf8")).toBe(content)
  })
})
