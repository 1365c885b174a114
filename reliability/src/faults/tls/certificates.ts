import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { atExit } from "../../at-exit.js"

const DAY_MS = 86_400_000
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
const SETTINGS = [
  "[ca]",
  "default_ca = own",
  "[own]",
  "database = index",
  "new_certs_dir = .",
  "rand_serial = yes",
  "default_md = sha256",
  "policy = any",
  "copy_extensions = copy",
  "unique_subject = no",
  "[any]",
  "commonName = supplied",
]

export interface CertificateOptions {
  /** From and to, in days from now. */
  readonly days?: readonly [number, number]
  readonly authority?: "trusted" | "stranger"
  /** As openssl writes it. */
  readonly host?: string
}

/** Certificates of two authorities, one of which is trusted, in a folder of their own. */
export class Certificates implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "coatcheck-reliability-tls-"))
  readonly #forget = atExit(() => this.#remove())

  constructor() {
    writeFileSync(join(this.#folder, "settings"), `${SETTINGS.join("\n")}\n`)
    writeFileSync(join(this.#folder, "index"), "")
    for (const name of ["trusted", "stranger"])
      this.#openssl("req", "-x509", ...KEY, "-subj", `/CN=${name}`, "-days", "30", "-keyout", `${name}.key`, "-out", `${name}.pem`)
  }

  /** The path of a certificate, or of an authority's. */
  file(name: string): string {
    return join(this.#folder, `${name}.pem`)
  }

  /** The path of its key. */
  keyOf(name: string): string {
    return join(this.#folder, `${name}.key`)
  }

  make(name: string, { days = [-1, 20], authority = "trusted", host = "IP:127.0.0.1" }: CertificateOptions = {}): void {
    this.#openssl("req", "-new", ...KEY, "-subj", `/CN=${name}`, "-addext", `subjectAltName=${host}`, "-keyout", `${name}.key`, "-out", `${name}.csr`)
    const [from = "", to = ""] = days.map((day) => new Date(Date.now() + day * DAY_MS).toISOString().replace(/[-:T]|\.\d+/g, ""))
    const issuer = ["-config", "settings", "-cert", `${authority}.pem`, "-keyfile", `${authority}.key`]
    this.#openssl("ca", "-batch", "-notext", ...issuer, "-in", `${name}.csr`, "-out", `${name}.pem`, "-startdate", from, "-enddate", to)
  }

  [Symbol.dispose](): void {
    this.#remove()
    this.#forget()
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { cwd: this.#folder, stdio: "ignore" })
  }

  #remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
