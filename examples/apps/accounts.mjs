// Stands for the accounts of your application: who is it, by name and password?
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto"
import { promisify } from "node:util"

const hash = promisify(scrypt)
const salt = randomBytes(16)
const stored = await hash("correct horse battery staple", salt, 32)

export async function findAccount(user, password) {
  const given = await hash(String(password), salt, 32)
  return timingSafeEqual(given, stored) && user === "ada" ? { id: "ada" } : null
}
