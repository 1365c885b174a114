// Functions from Request to Response, as Next.js, SvelteKit and Bun have them: sign in, a profile, a list of devices, sign out everywhere.
import { serve } from "@hono/node-server"
import { webDoor } from "coatcheck/web"
import { findAccount } from "./accounts.mjs"
import { authenticator, port } from "./authenticator.mjs"

const { requireSession, optionalSession } = webDoor(authenticator)

const signIn = optionalSession(async (request, { auth }) => {
  const { user, password, remember } = await request.json()
  const account = await findAccount(user, password)
  if (account === null) return new Response(null, { status: 401 })
  await auth.signIn({ userId: account.id, remember: remember === true })
  return new Response(null, { status: 204 })
})

const profile = requireSession((_request, { session }) => Response.json({ user: session.userId, theme: session.attributes.theme ?? "light" }))

const setTheme = requireSession(async (request, { session }) => {
  await session.update({ theme: String((await request.json()).theme) })
  return Response.json({ theme: session.attributes.theme })
})

const devices = requireSession(async (_request, { auth }) => Response.json(await auth.devices()))

const endDevice = requireSession(async (_request, { auth }, id) => Response.json({ ended: await auth.signOut({ sessionId: id }) }))

const signOutEverywhere = requireSession(async (_request, { auth }) => Response.json({ ended: await auth.signOut("everywhere") }))

const routes = {
  "POST /sign-in": signIn,
  "GET /profile": profile,
  "PUT /profile/theme": setTheme,
  "GET /devices": devices,
  "DELETE /devices": endDevice,
  "POST /sign-out-everywhere": signOutEverywhere,
}

// Your framework does this part, by the names of files or of functions.
function route(request) {
  const [, folder, id] = new URL(request.url).pathname.split("/")
  const exact = routes[`${request.method} ${new URL(request.url).pathname}`]
  if (exact !== undefined) return exact(request)
  const handler = folder === "devices" ? routes[`${request.method} /devices`] : undefined
  return handler === undefined ? new Response(null, { status: 404 }) : handler(request, id)
}

serve({ fetch: route, port, hostname: "127.0.0.1" }, () => console.log(`http://localhost:${port}`))
