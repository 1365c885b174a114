import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from "node:fs"
import { expect, it } from "vitest"
import type { DoctorFinding } from "../../domain/interfaces/session/ISessionService.js"
import { sessionFile } from "../sqlite/session-file.js"

const problemsOf = (findings: readonly DoctorFinding[]): readonly DoctorFinding[] => findings.filter(({ level }) => level === "problem")

it.skipIf(process.platform === "win32").each([
  ["removed", (path: string) => rmSync(path)],
  [
    "replaced",
    (path: string) => {
      copyFileSync(path, `${path}.copy`)
      renameSync(`${path}.copy`, path)
    },
  ],
])("a file that was %s while it is open is a problem", async (_what, change) => {
  await using file = sessionFile()
  const sessions = await file.open()
  expect(await sessions.doctor()).toMatchObject({ healthy: true })
  change(file.path)
  const { healthy, findings } = await sessions.doctor()
  expect(healthy).toBe(false)
  expect(problemsOf(findings)).toEqual([
    { check: "file-system", level: "problem", found: expect.stringContaining("is lost"), remedy: expect.stringContaining("Restart") },
  ])
})

it.skipIf(process.platform === "win32").each(["-wal", "-shm"])("others who may read the file that ends in %s are told, too", async (end) => {
  await using file = sessionFile()
  const sessions = await file.open()
  await sessions.createSession({ userId: "ada" })
  const rights = async (): Promise<DoctorFinding | undefined> => (await sessions.doctor()).findings.find(({ check }) => check === "file-rights")
  expect(existsSync(file.path + end)).toBe(true)
  expect(await rights()).toMatchObject({ level: "ok", found: "0600" })
  chmodSync(file.path + end, 0o644)
  expect(await rights()).toMatchObject({ level: "warning", found: expect.stringMatching(/^0644 on the file or on one beside it/) })
})
