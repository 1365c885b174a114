// Before the compiler runs: removes compiled files whose source is gone (it would leave them, and the package would ship them),
// and makes it forget what it did when a compiled file is missing (it would not write it again).
import { existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"

if (existsSync("dist")) {
  for (const path of filesIn("dist")) {
    const source = path.replace(/^dist/, "src").replace(/(\.d\.ts|\.js\.map|\.js)$/, ".ts")
    if (source.endsWith(".ts") && !existsSync(source)) rmSync(path)
  }
  const sources = filesIn("src").filter((path) => path.endsWith(".ts") && !path.includes("__tests__"))
  const outputs = sources.flatMap((path) => [".js", ".d.ts"].map((ending) => path.replace(/^src/, "dist").replace(/\.ts$/, ending)))
  if (!outputs.every((path) => existsSync(path))) rmSync("dist/.tsbuildinfo", { force: true })
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
