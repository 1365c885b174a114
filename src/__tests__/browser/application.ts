import type { RequestListener } from "node:http"
import type { ISessionService } from "../../domain/interfaces/session/ISessionService.js"
import { createAuthenticator } from "../../exports/auth.js"
import { nodeDoor } from "../../exports/node.js"
import type { CookieOptions } from "../../web/contract.js"
import { form, page } from "./sites.js"

export type Attributes = { readonly note?: string }

const SIGN_IN =
  '<h1>Nobody</h1><form method="post" action="/sign-in"><input name="user"><label><input type="checkbox" name="remember">stay</label><button>Sign in</button></form>'

/** A small application: a page for everyone, one for whoever is signed in, forms to sign in and out. */
export function application(sessions: ISessionService<Attributes>, origin: string, cookie?: CookieOptions): RequestListener {
  const door = nodeDoor(createAuthenticator({ sessions, origin, cookie }))
  const routes: Record<string, (...request: Parameters<RequestListener>) => Promise<void>> = {
    "GET /": door.optionalSession(async (request, response) => {
      const session = await request.auth.session()
      page(response, session?.userId == null ? SIGN_IN : `<h1>${session.userId}</h1><form method="post" action="/sign-out"><button>Sign out</button></form>`)
    }),
    "POST /sign-in": door.optionalSession(async (request, response) => {
      const fields = await form(request)
      await request.auth.signIn({ userId: fields.get("user") ?? "", remember: fields.has("remember") })
      response.writeHead(303, { location: "/" }).end()
    }),
    "POST /sign-out": door.requireSession(async (request, response) => {
      await request.auth.signOut()
      response.writeHead(303, { location: "/" }).end()
    }),
    "POST /note": door.requireSession(async (request, response) => {
      await request.session.update({ note: (await form(request)).get("note") ?? "" })
      page(response, "<h1>noted</h1>")
    }),
    "GET /account": door.requireSession((request, response) => {
      page(response, `<h1>Account of ${request.session.userId}</h1><p id="note">${request.session.attributes.note ?? ""}</p>`)
    }),
  }
  return (request, response) => {
    const route = routes[`${request.method} ${new URL(request.url ?? "/", origin).pathname}`]
    if (route === undefined) response.writeHead(404).end()
    else void route(request, response)
  }
}
