import { once } from "node:events"
import { readFileSync } from "node:fs"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { pino } from "pino"
import { type ContainerInput, createServiceContainer } from "../container.js"
import { ApiKeys, SCOPES } from "../http/api-keys.js"
import { createHttpServer } from "../http/server.js"
import type { Settings } from "../settings.js"
import { prepareFolder } from "./data-folder.js"
import { type GeneratedKey, generatedKey } from "./generated-key.js"
import { greeting } from "./greeting.js"
import type { LogOutput } from "./log-output.js"
import { checkRules } from "./rate-limit-rules.js"
import { drain } from "./shutdown.js"
import { listenFailure, storeFailure } from "./start-failure.js"

/** A service that runs. */
export interface RunningService {
  /** Stops accepting, finishes what runs, closes the store. */
  stop(): Promise<void>
}

/**
 * Starts the service: rules, folder, key, store, then the port.
 *
 * @throws StartFailure; nothing that was opened stays open
 */
export async function serve(settings: Settings, logs: LogOutput): Promise<RunningService> {
  await checkRules(settings.rateLimits)
  const generated = prepareFiles(settings)
  const keys = new ApiKeys(generated === undefined ? settings.keys : [{ name: "generated", key: generated.key, scopes: SCOPES }])
  const logger = pino({ level: settings.logLevel, base: null }, logs)
  const service = await open({ settings, keys, logger, logs })
  const server = createHttpServer(service.app.fetch, service.onRefused)
  try {
    const origin = await listen(server, settings)
    process.stdout.write(greeting({ settings, origin, generated, isTerminal: process.stdout.isTTY === true }))
  } catch (error) {
    await service.close()
    throw error
  }
  return {
    async stop() {
      if (!(await drain(server))) logger.warn("some requests did not finish in time and were cut off")
      await service.close()
    },
  }
}

/** Redis needs no folder, and neither does an explicit key. */
function prepareFiles({ folder, store, keys }: Settings): GeneratedKey | undefined {
  if (store.kind === "sqlite" || keys.length === 0) prepareFolder(folder, process.geteuid?.() ?? 0)
  return keys.length === 0 ? generatedKey(folder) : undefined
}

async function open(input: Omit<ContainerInput, "version">) {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { readonly version: string }
  try {
    const service = await createServiceContainer({ ...input, version })
    // What it finds is in the log.
    await service.health.problems()
    return service
  } catch (error) {
    throw storeFailure(error, input.settings.store)
  }
}

async function listen(server: Server, { host, port }: Settings): Promise<string> {
  try {
    server.listen(port, host)
    await once(server, "listening")
  } catch (error) {
    throw listenFailure(error, host, port)
  }
  const { address, family, port: bound } = server.address() as AddressInfo
  return `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`
}
