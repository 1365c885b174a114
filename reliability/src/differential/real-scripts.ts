import { pathToFileURL } from "node:url"
import { projectFile } from "../project-root.js"

/** A script of the library as its build made it. */
export interface RealScript {
  readonly name: string
  readonly sha1: string
  readonly source: string
  /** The names of its statuses by their number; empty when it has none. */
  readonly statuses: ReadonlyMap<number, string>
}

interface Exported {
  readonly name: string
  readonly sha1: string
  readonly source: string
}

/** The scripts that the library sends, by name. */
export async function realScripts(): Promise<ReadonlyMap<string, RealScript>> {
  // What the build made is read as a file, because the package does not give its scripts away.
  const file = pathToFileURL(projectFile("dist/infrastructure/redis/scripts/scripts.generated.js")).href
  const exported = (await import(file)) as Readonly<Record<string, Exported | Readonly<Record<string, number>>>>
  const scripts = Object.entries(exported).flatMap(([variable, value]) => {
    if (!isScript(value)) return []
    const statuses = Object.entries((exported[`${variable}Status`] ?? {}) as Readonly<Record<string, number>>)
    const script: RealScript = { ...value, statuses: new Map(statuses.map(([name, number]) => [number, name])) }
    return [[value.name, script] as const]
  })
  return new Map(scripts)
}

function isScript(value: Exported | Readonly<Record<string, number>>): value is Exported {
  return typeof value.source === "string"
}
