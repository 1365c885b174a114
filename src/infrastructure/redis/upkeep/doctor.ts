import { SessionError } from "../../../domain/errors.js"
import type { IRedisService, RedisReply } from "../../../domain/interfaces/redis/IRedisService.js"
import type { DoctorFinding } from "../../../domain/interfaces/session/ISessionService.js"
import { probeKey } from "../reads/lease-probe.js"
import { permissions } from "../scripts/scripts.generated.js"
import type { SessionKeys } from "../session-keys.js"
import { judgeEncryption } from "./doctor-access-rules.js"
import { type Fields, type NodeAnswers, parseFields, type Reach } from "./doctor-answers.js"
import { judgeNode } from "./doctor-rules.js"
import { judgeSilence } from "./doctor-topology-rules.js"

interface ExamineOptions {
  readonly signal?: AbortSignal | undefined
}

const SETTINGS = ["appendfsync", "save", "min-replicas-to-write"]

/**
 * Asks every server what it says of itself, and judges it; on a cluster every primary, at the same time. Nothing is changed.
 *
 * @throws ERR_STORE_… when no server answers. One of several that does not is a finding, and so is what a server refuses to tell.
 */
export async function examineStore(redis: IRedisService, keys: SessionKeys, options: ExamineOptions): Promise<readonly DoctorFinding[]> {
  const reach: Reach = { isCluster: !redis.singleNode, ...redis.connection }
  const addresses = await redis.nodes()
  const count = addresses.length
  const asked = await Promise.all(addresses.map((address, node) => questionNode(redis, keys, { node, address }, reach, options).catch(outageOf)))
  const [silent] = asked
  if (SessionError.is(silent) && asked.every((answers) => SessionError.is(answers))) throw silent
  const nodes = asked.flatMap((answers, node) => {
    const [judged, info] = SessionError.is(answers) ? [[judgeSilence(answers.code)], null] : [judgeNode(answers, reach), answers.info]
    const name = nameOf(node, addresses, info)
    return judged.map((one) => (count === 1 ? one : { ...one, node: name }))
  })
  return [...nodes, judgeEncryption(reach)]
}

/** @throws what is no outage */
function outageOf(error: unknown): SessionError {
  if (SessionError.is(error, "ERR_STORE_UNAVAILABLE", "ERR_STORE_TIMEOUT")) return error
  throw error
}

/** A primary by its place in the order of addresses, and by the port that it names itself, or else that of its address. */
function nameOf(node: number, addresses: readonly string[], info: Fields): string {
  const port = info?.get("tcp_port") ?? /:(\d+)$/.exec(addresses[node] ?? "")?.[1]
  return `primary ${node + 1} of ${addresses.length}${port === undefined ? "" : `, port ${port}`}`
}

/** A node as the walk counts it, and by the name that its client has for it. */
interface Place {
  readonly node: number
  readonly address: string
}

async function questionNode(redis: IRedisService, keys: SessionKeys, place: Place, reach: Reach, options: ExamineOptions): Promise<NodeAnswers> {
  const ask = (...command: string[]): Promise<RedisReply> => told(redis.ask(place.node, command, options))
  const [info, config, cluster, clock, denied] = await Promise.all([
    ask("info").then(fieldsOf),
    ask("config", "get", ...SETTINGS).then(pairsOf),
    reach.isCluster ? ask("cluster", "info").then(fieldsOf) : null,
    readClock(ask),
    readDenied(redis, keys, place, options),
  ])
  return { info, config, cluster, clock, denied }
}

/** What a server will not tell is `null`. @throws ERR_STORE_… when it does not answer */
async function told(answer: Promise<RedisReply>): Promise<RedisReply> {
  try {
    return await answer
  } catch (error) {
    if (SessionError.is(error, "ERR_STORE_REFUSED", "ERR_STORE_PROTOCOL")) return null
    throw error
  }
}

function fieldsOf(reply: RedisReply): Fields {
  return typeof reply === "string" ? parseFields(reply) : null
}

function pairsOf(reply: RedisReply): Fields {
  if (!isList(reply)) return null
  const pairs = new Map<string, string>()
  for (let at = 0; at + 1 < reply.length; at += 2) pairs.set(String(reply[at]), String(reply[at + 1]))
  return pairs
}

async function readClock(ask: (...command: string[]) => Promise<RedisReply>): Promise<NodeAnswers["clock"]> {
  const before = Date.now()
  const began = performance.now()
  const reply = await ask("time")
  const tolerance = (performance.now() - began) / 2
  if (!isList(reply)) return null
  const server = Number(reply[0]) * 1_000 + Number(reply[1]) / 1_000
  return Number.isNaN(server) ? null : { ahead: server - (before + tolerance), tolerance }
}

async function readDenied(redis: IRedisService, keys: SessionKeys, { node, address }: Place, options: ExamineOptions): Promise<readonly string[] | null> {
  const example = { tag: "AAA", id: "A".repeat(22) }
  const names = [keys.session(example), keys.index({ tag: example.tag, user: example.id })]
  try {
    // Keys as arguments: every node of a cluster can be asked about them.
    const wait = redis.waiting === undefined ? ["", ""] : [redis.waiting.command, redis.waiting.key]
    const reply = await redis.ask(node, ["eval", permissions.source, "0", ...names, ...wait, ...probed(redis, keys, address)], options)
    return isList(reply) ? [...new Set(reply.map(String))] : null
  } catch (error) {
    if (SessionError.is(error, "ERR_STORE_REFUSED")) return ["EVAL"]
    // Such as a replica that lost its primary, which another finding tells.
    if (SessionError.is(error, "ERR_STORE_UNAVAILABLE", "ERR_STORE_PROTOCOL")) return null
    throw error
  }
}

/** What the near-cache asks of a node, to be asked for by any: only the names matter. */
function probed({ tracking, singleNode }: IRedisService, { prefix }: SessionKeys, address: string): readonly [key: string, nodes: string] {
  if (tracking === undefined) return ["", ""]
  return [probeKey(prefix, (key) => singleNode || tracking.nodeOf(key) === address), singleNode ? "" : "cluster"]
}

function isList(reply: RedisReply): reply is readonly RedisReply[] {
  return Array.isArray(reply)
}
