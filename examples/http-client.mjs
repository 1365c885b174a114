// A client of the HTTP service, by fetch alone. Start the service with `npm start`, then this in the same folder.
import { readFileSync } from "node:fs"
import { env } from "node:process"

const { COATCHECK_URL: url = "http://127.0.0.1:8420", COATCHECK_API_KEY: key = readFileSync(".coatcheck/api-key", "utf8").trim() } = env

/** Status 404 is "no such session"; every other refusal is an error with the service's own code. */
async function call(method, path, { token, body, headers } = {}) {
  const response = await fetch(url + path, {
    method,
    headers: {
      Authorization: `Bearer ${key}`,
      ...(token && { "X-Session-Token": token }),
      ...(body && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (response.status === 204) return {}
  const answer = await response.json()
  if (response.ok) return { ...answer, etag: response.headers.get("ETag") }
  if (response.status === 404) return null
  throw Object.assign(new Error(answer.detail), { code: answer.code, status: answer.status, retryable: answer.retryable })
}

const { token, session } = await call("POST", "/v1/sessions", { body: { userId: "grace", device: { label: "Terminal" } } })
console.log("opened for", session.userId)

const { etag } = await call("GET", "/v1/session", { token })
await call("PATCH", "/v1/session", { token, body: { attributes: { cart: 1 } } })
try {
  await call("PATCH", "/v1/session", { token, body: { attributes: { cart: 2 } }, headers: { "If-Match": etag } })
} catch (error) {
  console.log("changed since it was read:", error.status, error.code)
}

const rotated = await call("POST", "/v1/session/rotate", { token, body: { grace: 0 } })
console.log("new token, same session:", rotated.token !== token && rotated.session.sessionId === session.sessionId)
console.log("the old token:", await call("GET", "/v1/session", { token }))

const { ended } = await call("POST", `/v1/users/${encodeURIComponent("grace")}/sign-out`)
console.log("signed out everywhere:", ended)
console.log("the new token:", await call("GET", "/v1/session", { token: rotated.token }))
