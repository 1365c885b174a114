import { once } from "node:events"
import { connect } from "node:tls"
import { freePort } from "../../servers/free-port.js"
import { askStore } from "../../servers/SentinelGroup.js"
import { StoreServer } from "../../servers/StoreServer.js"
import type { FaultRow, FaultSite } from "../fault-row.js"
import { wholeStore } from "../on-one-server.js"
import { type CertificateOptions, Certificates } from "../tls/certificates.js"
import { type ConnectAnswer, EncryptedApplication } from "../tls/EncryptedApplication.js"

interface Wrong {
  readonly certificate: CertificateOptions
  readonly says: RegExp
}

const WRONG: Readonly<Record<string, Wrong>> = {
  expired: { certificate: { days: [-20, -1] }, says: /CERT_HAS_EXPIRED/ },
  early: { certificate: { days: [10, 20] }, says: /CERT_NOT_YET_VALID/ },
  untrusted: { certificate: { authority: "stranger" }, says: /not trusted/ },
  elsewhere: { certificate: { host: "DNS:elsewhere.example" }, says: /ALTNAME/ },
}
/** Right ones, which take turns. */
const RIGHT = ["this", "other"]
const HANDSHAKE_MS = 10_000

/**
 * Certificates that are not what they must be are presented, and right ones are replaced, while a connection from before carries calls. That one lives on;
 * new ones are made with a right certificate alone, and the library's own client says what is wrong with another.
 */
export const CERTIFICATES_WRONG: FaultRow = {
  number: 27,
  name: "wrong certificates, and one replaced under load",
  topologies: ["one server"],
  nearCache: "none",
  needs: ["openssl"],
  async run(site) {
    using certificates = new Certificates()
    for (const name of RIGHT) certificates.make(name)
    for (const [name, { certificate }] of Object.entries(WRONG)) certificates.make(name, certificate)
    const port = await freePort()
    const tls = { "tls-cert-file": certificates.file("this"), "tls-key-file": certificates.keyOf("this"), "tls-ca-cert-file": certificates.file("trusted") }
    await using server = await StoreServer.start(site.kind, { config: { "tls-port": port, "tls-auth-clients": "no", ...tls } })
    await using application = new EncryptedApplication({ url: `rediss://127.0.0.1:${port}`, client: site.client }, certificates.file("trusted"))
    const present = async (name: string): Promise<void> => {
      await askStore(server, ["CONFIG", "SET", "tls-cert-file", certificates.file(name), "tls-key-file", certificates.keyOf(name)])
      const presented = await presentedBy(port)
      if (presented !== name) throw new Error(`Expected the server to present its certificate "${name}", got "${presented}"`)
    }
    const why: string[] = []
    const rounds = site.times(10, 1)
    let cases = 0
    let right = 0
    let rotations = 0
    await application.begin()
    const before = await connectionsOf(server)
    for (let round = 1; round <= rounds; round++) {
      for (const [name, { says }] of Object.entries(WRONG)) {
        site.signal.throwIfAborted()
        site.note(`round ${round} of ${rounds}, ${name}`)
        await present(name)
        cases += 1
        const wrong = judgeRefusal(site, await application.connect(), says)
        if (wrong === undefined) right += 1
        else why.push(`${name}: ${wrong}`)
      }
      for (const name of RIGHT) {
        await present(name)
        rotations += 1
        const answer = await application.connect()
        if (!answer.connected) why.push(`Expected a new connection with the certificate "${name}", got ${answer.code}: ${answer.message}`)
      }
    }
    const after = await connectionsOf(server)
    const { answered, failed } = await application.end()
    if (before.size === 0 || [...before].some((id) => !after.has(id))) why.push("Expected the connections from before to be there afterwards, got others")
    if (failed > 0 || answered === 0)
      why.push(`Expected calls over the connection from before to be answered, got ${answered} that were and ${failed} that failed`)
    why.push(...(await wholeStore(server.url)))
    const tried = cases + rotations
    return {
      version: server.version,
      tried,
      figures: {
        "wrong certificates": cases,
        "right answers": right,
        "certificates replaced": rotations,
        calls: answered,
        "calls that failed meanwhile": failed,
      },
      why,
    }
  },
}

/** @returns what was not as it must be */
function judgeRefusal({ client }: FaultSite, answer: ConnectAnswer, says: RegExp): string | undefined {
  if (answer.connected) return "Expected no connection, got one"
  if (answer.code !== "ERR_STORE_UNAVAILABLE" && !(client === "ioredis" && answer.code === "ERR_STORE_TIMEOUT"))
    return `Expected ERR_STORE_UNAVAILABLE, got ${answer.code}`
  // Why a client that was handed in has no connection, only its owner hears.
  return client === "ioredis" || says.test(answer.message) ? undefined : `Expected the error to say ${says}, got: ${answer.message}`
}

/** The name in the certificate that a new connection is shown. */
async function presentedBy(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false })
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(HANDSHAKE_MS) })
    return String(socket.getPeerCertificate().subject.CN)
  } finally {
    socket.destroy()
  }
}

/** The numbers of the connections that applications hold. */
async function connectionsOf(server: StoreServer): Promise<ReadonlySet<string>> {
  const lines = String(await askStore(server, ["CLIENT", "LIST"]))
    .trim()
    .split("\n")
  return new Set(lines.filter((line) => !line.includes("cmd=client|list")).map((line) => /^id=(\d+)/.exec(line)?.[1] ?? ""))
}
