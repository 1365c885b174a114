import { existsSync } from "node:fs"

const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path))

/** A process that is killed outright runs no exit hook; then the kernel ends what this command started, because setpriv asked it to. */
export function endingWithUs(command: readonly string[], signal: "KILL" | "TERM" = "KILL"): readonly string[] {
  return SETPRIV === undefined ? command : [SETPRIV, "--pdeathsig", signal, ...command]
}
