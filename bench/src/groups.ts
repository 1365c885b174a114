import { runAccuracy } from "./accuracy/run-accuracy.js"
import type { Group } from "./group.js"
import { runHttp } from "./http/run-http.js"
import { runLimits } from "./limits/run-limits.js"
import { runNearCache } from "./near-cache/run-near-cache.js"
import { runScaling } from "./scaling/run-scaling.js"
import { runGiant } from "./sessions/giant.js"
import { runMemory } from "./sessions/memory.js"
import { runLeast } from "./sessions/run-least.js"
import { runMixed } from "./sessions/run-mixed.js"
import { runSessions } from "./sessions/run-sessions.js"
import { runSizes } from "./sessions/run-sizes.js"
import { runStoreSize } from "./sessions/run-store-size.js"

/** In the order in which they run. */
export const GROUPS: Readonly<Record<string, Group>> = {
  sessions: {
    about: "sessions beside the raw commands of the same client, beside other libraries and a plain design",
    takes: { quick: 35, full: 650 },
    run: runSessions,
  },
  least: { about: "the least that could be called a session, beside the raw commands and ours", takes: { quick: 8, full: 100 }, run: runLeast },
  mixed: { about: "reads of one and of few sessions, and calls of all kinds at once", takes: { quick: 11, full: 185 }, run: runMixed },
  sizes: { about: "sessions of 0.5, 2, 8 and 32 KB beside the raw commands on JSON of that size", takes: { quick: 10, full: 320 }, run: runSizes },
  "store-size": { about: "the same work in stores of 10 000, 100 000 and 1 000 000 sessions", takes: { quick: 9, full: 185 }, run: runStoreSize },
  "near-cache": {
    about: "reads that are answered from this process's memory, and how long after a revocation",
    takes: { quick: 13, full: 195 },
    run: runNearCache,
  },
  giant: {
    about: "a user with very many sessions, all of which are ended",
    takes: { quick: 12, full: 75 },
    coresMayHalt: true,
    rounds: { quick: 2, full: 5 },
    isWhole: true,
    run: runGiant,
  },
  memory: { about: "what a stored session takes in the server's memory", takes: { quick: 9, full: 82 }, rounds: null, run: runMemory },
  http: { about: "what authentication adds to a request, on Express, Fastify and node:http", takes: { quick: 17, full: 75 }, run: runHttp },
  scaling: {
    about: "one process and two on one Redis and on a cluster, and a model of what more nodes carry",
    takes: { quick: 9, full: 90 },
    isWhole: true,
    run: runScaling,
  },
  limits: {
    about: "decisions about rate limits beside the raw INCR of the same client, and beside other libraries",
    takes: { quick: 20, full: 580 },
    run: runLimits,
  },
  accuracy: {
    about: "what each algorithm admits of bursty requests, held against the exact count",
    takes: { quick: 2, full: 3 },
    rounds: null,
    isWhole: true,
    run: runAccuracy,
  },
}
