import type { SessionEvent } from "coatcheck"
import type { RateLimitEvent, RateLimitRules } from "coatcheck/rate-limit"
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"

/** Seconds; most requests are one round trip to the store, whose deadline is one second by default. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Where the log goes, as far as it is counted. */
export interface DroppedLines {
  /** How many lines there was no room for, since the process began. */
  readonly dropped: number
}

/**
 * What the service counts, for Prometheus. Labels are rules, routes and words of ours: a user, a session, an address or a key is never one, for whoever may read
 * metrics need not see them, and each value of a label costs memory until the process ends.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = new Histogram({
    name: "http_request_duration_seconds",
    help: "How long requests took, by method, route and status.",
    labelNames: ["method", "route", "status"],
    buckets: BUCKETS,
    registers: [this.#registry],
  })
  readonly #sessions = new Counter({
    name: "coatcheck_session_events_total",
    help: "What happened to sessions, by type of event.",
    labelNames: ["type"],
    registers: [this.#registry],
  })
  readonly #nearCache = new Gauge({
    name: "coatcheck_near_cache_serving",
    help: "1 while reads are answered from memory, 0 while each goes to the store.",
    registers: [this.#registry],
  })
  readonly #decisions = new Counter({
    name: "coatcheck_rate_limit_decisions_total",
    help: "What rate limits decided, by rule, outcome (allowed, shadow-denied, limit, blocked, unavailable) and who judged (store, local, policy).",
    labelNames: ["rule", "outcome", "judged_by"],
    registers: [this.#registry],
  })
  readonly #outages = new Counter({
    name: "coatcheck_rate_limit_outages_total",
    help: "Decisions for which the store could not be asked, by rule.",
    labelNames: ["rule"],
    registers: [this.#registry],
  })
  readonly contentType = this.#registry.contentType

  /** The rules' outages begin at zero: an alert on their increase must not miss the first one. */
  constructor(rules: RateLimitRules, log: DroppedLines) {
    for (const rule of Object.keys(rules)) this.#outages.inc({ rule }, 0)
    // Read when it is asked for: a log that fails has nobody to tell.
    new Counter({
      name: "coatcheck_log_lines_dropped_total",
      help: "Lines of the log that were dropped, because it could not be written and too many waited.",
      registers: [this.#registry],
      collect() {
        this.reset()
        this.inc(log.dropped)
      },
    })
  }

  /** Adds memory, CPU, event loop and garbage collection of this process. Once a process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  request(labels: { readonly method: string; readonly route: string; readonly status: number }, seconds: number): void {
    this.#requests.observe(labels, seconds)
  }

  sessionEvent(event: SessionEvent): void {
    if (event.type === "near-cache") this.#nearCache.set(event.serving ? 1 : 0)
    else this.#sessions.inc({ type: event.type })
  }

  rateLimitEvent(event: RateLimitEvent): void {
    const { type, rule } = event
    if (type === "outage") this.#outages.inc({ rule })
    else this.#decisions.inc({ rule, outcome: type === "denied" ? event.reason : type, judged_by: event.judgedBy })
  }

  /** All of it in the text format that Prometheus reads. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
