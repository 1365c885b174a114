import { SERVER_KINDS, sharedPortVariable, startServer } from "./servers.js"

/** Starts the servers that `sharedServer` hands out, once for the whole run, and ends them after it. */
export async function setup(): Promise<() => Promise<void>> {
  const servers = await Promise.all(SERVER_KINDS.map((kind) => startServer({ kind })))
  for (const server of servers) process.env[sharedPortVariable(server.kind)] = String(server.port)
  return async () => {
    await Promise.all(servers.map((server) => server.stop()))
  }
}
