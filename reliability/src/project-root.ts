import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The project that this command belongs to, whose own tests it runs. */
export const PROJECT_ROOT = fileURLToPath(new URL("../..", import.meta.url))

/** A program of the project by its path. @throws when it is not there */
export function projectFile(path: string): string {
  const file = `${PROJECT_ROOT}${path}`
  if (!existsSync(file)) throw new Error(`Expected ${path} in the project, found none`)
  return file
}
