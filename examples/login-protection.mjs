// Guessing a password: too many failures stop the verification, the owner's own browser still gets in.
import { createLoginProtection } from "coatcheck/rate-limit"

const logins = await createLoginProtection({ store: "memory:", secrets: ["a key of at least 32 characters, 0123"] })
const verify = async (password) => (password === "correct" ? { id: "ada" } : null)
const attempt = (address, password, deviceToken) => logins.attempt({ account: "ada@example.org", address, deviceToken }, () => verify(password))

const first = await attempt("192.0.2.1", "correct")
console.log("signed in:", first.user.id)

let tries = 0
let outcome
do {
  outcome = await attempt(`198.51.100.${tries}`, `guess ${tries}`)
  tries += 1
} while (outcome.allowed)
console.log("guesses that were verified:", tries - 1)
console.log("then denied:", outcome.reason, outcome.retryAfter > 0)

const strangers = await attempt("198.51.100.200", "correct")
console.log("from elsewhere, even with the right password:", strangers.allowed)
const own = await attempt("192.0.2.1", "correct", first.deviceToken)
console.log("from the owner's browser:", own.user.id)

await logins.close()
