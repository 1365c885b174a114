// To be imported before a program: turns the near-cache on in its services, without a change to the program.
import { register } from "node:module"

const instead = new URL("near-cached-coatcheck.mjs", import.meta.url).href
const hooks = `export const resolve = (name, context, next) =>
  name === "coatcheck" && context.parentURL !== ${JSON.stringify(instead)} ? { url: ${JSON.stringify(instead)}, shortCircuit: true } : next(name, context)`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
