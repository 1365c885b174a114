import type { FaultRow } from "./fault-row.js"
import { APPLICATION_CLOCKS_OFF } from "./rows/application-clocks-off.js"
import { BLOCKED_EVENT_LOOP } from "./rows/blocked-event-loop.js"
import { CERTIFICATES_WRONG } from "./rows/certificates-wrong.js"
import { CLUSTER_NODE_LOST } from "./rows/cluster-node-lost.js"
import { CLUSTER_TAKEOVERS } from "./rows/cluster-takeovers.js"
import { DISK_FULL } from "./rows/disk-full.js"
import { EMBEDDED_DISK_FULL } from "./rows/embedded-disk-full.js"
import { EMBEDDED_LOG_TORN } from "./rows/embedded-log-torn.js"
import { EMBEDDED_TWO_PROCESSES } from "./rows/embedded-two-processes.js"
import { EMBEDDED_WRITER_KILLED } from "./rows/embedded-writer-killed.js"
import { FAILOVER_TO_OTHER_CLOCK } from "./rows/failover-to-other-clock.js"
import { FAILOVERS } from "./rows/failovers.js"
import { FORGED_REPLIES } from "./rows/forged-replies.js"
import { GIANT_SLOT_MOVED } from "./rows/giant-slot-moved.js"
import { KILLED_WITH_EVERY_SECOND_SYNCED } from "./rows/killed-with-every-second-synced.js"
import { KILLED_WITH_EVERY_WRITE_SYNCED } from "./rows/killed-with-every-write-synced.js"
import { LINE_THAT_HANGS, LINK_DOWN } from "./rows/line-that-hangs.js"
import { LIST_DELETED } from "./rows/list-deleted.js"
import { MEMORY_FULL } from "./rows/memory-full.js"
import { NEAR_BLOCKED_EVENT_LOOP, NEAR_FEW_KEYS_TRACKED, NEAR_LINE_HANGS, NEAR_STORE_EMPTIED, NEAR_TRACKING_KILLED } from "./rows/near-cache.js"
import { POWER_CUT } from "./rows/power-cut.js"
import { PRIMARY_CUT_OFF } from "./rows/primary-cut-off.js"
import { PROCESS_KILLED } from "./rows/process-killed.js"
import { RATES_CLOCK_SET } from "./rows/rates-clock-set.js"
import { RATES_CLUSTER_TAKEOVERS } from "./rows/rates-cluster-takeovers.js"
import { RATES_FAILOVERS } from "./rows/rates-failovers.js"
import { RATES_MEMORY_FULL } from "./rows/rates-memory-full.js"
import { RATES_REPLIES_LOST } from "./rows/rates-replies-lost.js"
import { RATES_SCRIPTS_FORGOTTEN } from "./rows/rates-scripts-forgotten.js"
import { RATES_SERVER_KILLED } from "./rows/rates-server-killed.js"
import { RATES_SERVER_STOPPED } from "./rows/rates-server-stopped.js"
import { RATES_SLOTS_MOVED } from "./rows/rates-slots-moved.js"
import { RATES_STORE_EMPTIED } from "./rows/rates-store-emptied.js"
import { RECORDS_DAMAGED } from "./rows/records-damaged.js"
import { REFUSALS_OF_A_SERVER } from "./rows/refusals-of-a-server.js"
import { RESET_AFTER_EACH_BYTE } from "./rows/reset-after-each-byte.js"
import { RESTART_WITHOUT_PERSISTENCE } from "./rows/restart-without-persistence.js"
import { ROLLING_RESTART } from "./rows/rolling-restart.js"
import { SCRIPTS_FORGOTTEN } from "./rows/scripts-forgotten.js"
import { SERVER_CLOCK_SET } from "./rows/server-clock-set.js"
import { SERVER_LOADING } from "./rows/server-loading.js"
import { SESSIONS_EVICTED } from "./rows/sessions-evicted.js"
import { SLOTS_MOVED } from "./rows/slots-moved.js"
import { SLOW_LINE } from "./rows/slow-line.js"
import { STOPPED_PRIMARY } from "./rows/stopped-primary.js"
import { STOPPED_SERVER } from "./rows/stopped-server.js"
import { STORE_EMPTIED } from "./rows/store-emptied.js"
import { UNREACHABLE_SEEDS } from "./rows/unreachable-seeds.js"

/** Every fault, in the order of its number. */
export const FAULT_ROWS: readonly FaultRow[] = [
  KILLED_WITH_EVERY_WRITE_SYNCED,
  KILLED_WITH_EVERY_SECOND_SYNCED,
  POWER_CUT,
  RESTART_WITHOUT_PERSISTENCE,
  RATES_SERVER_KILLED,
  STOPPED_SERVER,
  RATES_SERVER_STOPPED,
  STOPPED_PRIMARY,
  FAILOVERS,
  RATES_FAILOVERS,
  PRIMARY_CUT_OFF,
  CLUSTER_TAKEOVERS,
  RATES_CLUSTER_TAKEOVERS,
  CLUSTER_NODE_LOST,
  SLOTS_MOVED,
  RATES_SLOTS_MOVED,
  GIANT_SLOT_MOVED,
  RESET_AFTER_EACH_BYTE,
  RATES_REPLIES_LOST,
  LINE_THAT_HANGS,
  LINK_DOWN,
  NEAR_LINE_HANGS,
  SLOW_LINE,
  FORGED_REPLIES,
  SCRIPTS_FORGOTTEN,
  RATES_SCRIPTS_FORGOTTEN,
  STORE_EMPTIED,
  RATES_STORE_EMPTIED,
  NEAR_STORE_EMPTIED,
  MEMORY_FULL,
  RATES_MEMORY_FULL,
  SESSIONS_EVICTED,
  LIST_DELETED,
  SERVER_LOADING,
  REFUSALS_OF_A_SERVER,
  APPLICATION_CLOCKS_OFF,
  SERVER_CLOCK_SET,
  RATES_CLOCK_SET,
  FAILOVER_TO_OTHER_CLOCK,
  CERTIFICATES_WRONG,
  UNREACHABLE_SEEDS,
  PROCESS_KILLED,
  BLOCKED_EVENT_LOOP,
  NEAR_BLOCKED_EVENT_LOOP,
  ROLLING_RESTART,
  NEAR_FEW_KEYS_TRACKED,
  NEAR_TRACKING_KILLED,
  RECORDS_DAMAGED,
  DISK_FULL,
  EMBEDDED_DISK_FULL,
  EMBEDDED_LOG_TORN,
  EMBEDDED_TWO_PROCESSES,
  EMBEDDED_WRITER_KILLED,
]
