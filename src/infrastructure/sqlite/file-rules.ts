import type { DoctorFinding } from "../../domain/interfaces/session/ISessionService.js"

/** What is to be known of a database's file; `null`: the system does not tell. */
export interface FileFacts {
  readonly version: string
  /** As `PRAGMA journal_mode` and `PRAGMA synchronous` name it. */
  readonly journal: string
  readonly synchronous: number
  /** The rights of user, group and others, on the file or on one of the log's beside it. */
  readonly mode: number | null
  /** Whether the path still leads to the file that is open. */
  readonly isInPlace: boolean | null
  /** The number by which Linux knows the kind of file system. */
  readonly fileSystem: number | null
  readonly freeBytes: number | null
}

/** By the numbers of Linux. Between machines SQLite's log is not shared, and locks are not kept. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"],
])
const LOW_BYTES = 100 * 1_048_576
const OFF = 0

export function judgeFile(facts: FileFacts): readonly DoctorFinding[] {
  return [
    { check: "version", level: "ok", found: `SQLite ${facts.version}`, remedy: null },
    judgeJournal(facts),
    judgeMode(facts),
    judgeFileSystem(facts),
    judgeDisk(facts),
  ]
}

function judgeJournal({ journal, synchronous }: FileFacts): DoctorFinding {
  const check = "journal"
  if (synchronous === OFF)
    return { check, level: "problem", found: "synchronous OFF: a power cut may destroy the file", remedy: "Take out what sets it; this library sets NORMAL." }
  if (journal === "wal")
    return { check, level: "ok", found: "write-ahead log: a power cut may lose the last changes, a crash of the process none", remedy: null }
  const found = `journal_mode ${journal}: readers and the writer wait for each other`
  return { check, level: "warning", found, remedy: "Put the file on a disk of this machine, and let nothing else change its mode." }
}

function judgeMode({ mode }: FileFacts): DoctorFinding {
  const check = "file-rights"
  if (mode === null) return { check, level: "unknown", found: "the system does not tell", remedy: "See that only this program's user may read the file." }
  const shown = `0${mode.toString(8).padStart(3, "0")}`
  if ((mode & 0o077) === 0) return { check, level: "ok", found: shown, remedy: null }
  return {
    check,
    level: "warning",
    found: `${shown} on the file or on one beside it: other users of this machine may read sessions or change them`,
    remedy: "Run chmod 600 on the file and on those beside it.",
  }
}

function judgeFileSystem({ isInPlace, fileSystem }: FileFacts): DoctorFinding {
  const check = "file-system"
  if (isInPlace === false) {
    const found = "the file was removed or replaced while it is open: what is written now is lost when the last process ends that has it open"
    return { check, level: "problem", found, remedy: "Restart what has the file open, and let nothing remove or move it meanwhile." }
  }
  const network = fileSystem === null ? undefined : NETWORK_FILE_SYSTEMS.get(fileSystem)
  if (network === undefined) return { check, level: "ok", found: "none of the network file systems that are known", remedy: null }
  return { check, level: "problem", found: `${network}, over which SQLite's log may be destroyed`, remedy: "Put the file on a disk of this machine." }
}

function judgeDisk({ freeBytes }: FileFacts): DoctorFinding {
  const check = "disk"
  if (freeBytes === null) return { check, level: "unknown", found: "the system does not tell how much is free", remedy: "Look at the disk yourself." }
  const found = `${Math.round(freeBytes / 1_048_576)} MiB free`
  return freeBytes >= LOW_BYTES
    ? { check, level: "ok", found, remedy: null }
    : { check, level: "warning", found, remedy: "Free some space: on a full disk nobody can sign in." }
}
