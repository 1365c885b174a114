import { execFileSync } from "node:child_process"
import { createHash, X509Certificate } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface Certificate {
  readonly key: string
  readonly cert: string
  /** SHA-256 of the public key in Base64: the one that a browser of a test is told to trust. */
  readonly fingerprint: string
}

/** Makes a certificate of its own for these hosts, valid for a day. Needs `openssl`; without it every test of this folder fails. */
export function makeCertificate(hosts: readonly string[]): Certificate {
  const dir = mkdtempSync(join(tmpdir(), "coatcheck-https-"))
  try {
    const names = hosts.map((host) => `DNS:${host}`).join(",")
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    execFileSync("openssl", ["req", ...kind, "-subj", "/CN=coatcheck test", "-addext", `subjectAltName=${names}`, "-keyout", "key.pem", "-out", "cert.pem"], {
      cwd: dir,
      stdio: "pipe",
    })
    const cert = readFileSync(join(dir, "cert.pem"), "utf8")
    const publicKey = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" })
    return { key: readFileSync(join(dir, "key.pem"), "utf8"), cert, fingerprint: createHash("sha256").update(publicKey).digest("base64") }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
