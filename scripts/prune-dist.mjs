// Removes compiled files whose source is gone: the compiler leaves them, and the package would ship them.
import { existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"

for (const entry of readdirSync("dist", { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  const source = path.replace(/^dist/, "src").replace(/(\.d\.ts|\.js\.map|\.js)$/, ".ts")
  if (entry.isFile() && source.endsWith(".ts") && !existsSync(source)) rmSync(path)
}
