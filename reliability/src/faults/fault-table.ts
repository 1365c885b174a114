import type { FaultRow } from "./fault-row.js"
import { KILLED_WITH_EVERY_WRITE_SYNCED } from "./rows/killed-with-every-write-synced.js"
import { RESET_AFTER_EACH_BYTE } from "./rows/reset-after-each-byte.js"
import { STOPPED_SERVER } from "./rows/stopped-server.js"

/** Every fault, in the order of its number. */
export const FAULT_ROWS: readonly FaultRow[] = [KILLED_WITH_EVERY_WRITE_SYNCED, STOPPED_SERVER, RESET_AFTER_EACH_BYTE]
