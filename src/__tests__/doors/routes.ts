import type { ActiveUserSession, Authenticator, RequestAuth, RouteRule, SignOutScope } from "../../exports/auth.js"
import { SessionError } from "../../exports/index.js"

/** What the sessions of the application under test hold. */
export interface Attributes {
  readonly cart?: readonly string[]
  readonly theme?: string
}
export type Auth = Authenticator<Attributes>

export interface Body {
  readonly userId?: string
  readonly remember?: boolean
  readonly item?: string
  readonly theme?: string
  readonly where?: SignOutScope
}

/** What each framework hands to a handler that is written once for all of them. */
export interface Visit {
  readonly auth: RequestAuth<Attributes>
  /** `null` where none was required. */
  readonly session: ActiveUserSession<Attributes> | null
  readonly body: Body
  setHeader(name: string, value: string): void
}

export interface Reply {
  readonly status: number
  readonly json?: unknown
  readonly stream?: AsyncIterable<string>
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "OPTIONS"
  readonly path: string
  /** `guard`: where a door has one, and as `session` elsewhere. */
  readonly access: "session" | "optional" | "guard"
  readonly rule?: RouteRule
  run(visit: Visit): Reply | Promise<Reply>
}

/** What a test and a handler of the same process tell each other. */
export interface Stage {
  /** Handlers that wait here go on when it is opened. */
  readonly opened: Promise<void>
  open(): void
  /** How many handlers are waiting. */
  waiting: number
}

export function newStage(): Stage {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open(), waiting: 0 }
}

export const MISTAKE = new Error("the handler made a mistake")

/** The application that every door lets requests into. */
export function applicationRoutes(stage: () => Stage): readonly Route[] {
  const waitForTest = async (): Promise<void> => {
    stage().waiting += 1
    await stage().opened
  }
  const changeLate = async ({ session, setHeader }: Visit): Promise<Reply> => {
    setHeader("Content-Language", "de")
    await waitForTest()
    await session?.update({ theme: "dark" })
    return { status: 200, json: session }
  }
  return [
    { method: "GET", path: "/open", access: "optional", run: () => ({ status: 200, json: "open" }) },
    { method: "GET", path: "/who", access: "optional", run: async ({ auth }) => ({ status: 200, json: await auth.session() }) },
    { method: "GET", path: "/me", access: "session", run: ({ session }) => ({ status: 200, json: session }) },
    { method: "OPTIONS", path: "/me", access: "optional", run: () => ({ status: 204 }) },
    { method: "GET", path: "/guarded", access: "guard", run: ({ session }) => ({ status: 200, json: session }) },
    { method: "GET", path: "/seen", access: "session", rule: { touch: false }, run: ({ session }) => ({ status: 200, json: session }) },
    { method: "POST", path: "/theme", access: "session", run: changeTheme },
    { method: "POST", path: "/guarded-theme", access: "guard", run: changeTheme },
    { method: "POST", path: "/theme-later", access: "session", run: changeLate },
    { method: "POST", path: "/guarded-theme-later", access: "guard", run: changeLate },
    { method: "POST", path: "/cart", access: "optional", run: fillCart },
    { method: "POST", path: "/sign-in", access: "optional", run: signIn },
    { method: "GET", path: "/sign-in", access: "optional", run: signIn },
    { method: "POST", path: "/callback", access: "optional", rule: { csrf: false }, run: signIn },
    { method: "POST", path: "/password", access: "optional", run: startPending },
    { method: "GET", path: "/vault", access: "session", rule: { maxAge: "5m" }, run: () => ({ status: 200, json: "gold" }) },
    { method: "GET", path: "/guarded-vault", access: "guard", rule: { maxAge: "5m" }, run: () => ({ status: 200, json: "gold" }) },
    { method: "POST", path: "/prove", access: "session", run: prove },
    { method: "POST", path: "/impersonate", access: "session", run: impersonate },
    { method: "GET", path: "/devices", access: "session", run: async ({ auth }) => ({ status: 200, json: await auth.devices() }) },
    { method: "POST", path: "/sign-out", access: "optional", run: signOut },
    { method: "GET", path: "/cacheable", access: "session", run: cacheable },
    { method: "GET", path: "/cacheable-open", access: "optional", run: cacheable },
    { method: "GET", path: "/stream", access: "session", run: (visit) => ({ ...cacheable(visit), json: undefined, stream: parts() }) },
    { method: "POST", path: "/sign-in-late", access: "optional", run: ({ auth }) => ({ status: 200, stream: signInLate(auth, waitForTest) }) },
    { method: "POST", path: "/sign-in-twice", access: "optional", run: signInTwice },
    { method: "GET", path: "/mistake", access: "optional", run: () => Promise.reject(MISTAKE) },
    { method: "GET", path: "/guarded-mistake", access: "guard", run: () => Promise.reject(MISTAKE) },
    { method: "GET", path: "/overload", access: "optional", run: () => Promise.reject(new SessionError("ERR_STORE_OVERLOADED", "Expected fewer calls.")) },
  ]
}

async function changeTheme({ session, body }: Visit): Promise<Reply> {
  await session?.update({ theme: body.theme ?? "" })
  return { status: 200, json: session }
}

async function fillCart({ auth, body }: Visit): Promise<Reply> {
  const session = (await auth.session()) ?? (await auth.startGuest({}))
  await session.update((own) => ({ ...own, cart: [...(own.cart ?? []), body.item ?? ""] }))
  return { status: 200, json: session }
}

async function signIn({ auth, body }: Visit): Promise<Reply> {
  const session = await auth.signIn({
    userId: body.userId ?? "ada",
    remember: body.remember ?? false,
    attributes: (guest) => ({ cart: guest?.cart ?? [] }),
  })
  return { status: 200, json: session }
}

async function startPending({ auth, body }: Visit): Promise<Reply> {
  return { status: 200, json: await auth.startPending({ userId: body.userId ?? "" }) }
}

async function prove({ auth, session, body }: Visit): Promise<Reply> {
  return { status: 200, json: await auth.reauthenticated(body.userId ?? session?.userId ?? "") }
}

async function impersonate({ auth, body }: Visit): Promise<Reply> {
  return { status: 200, json: await auth.impersonate(body.userId ?? "") }
}

async function signOut({ auth, body }: Visit): Promise<Reply> {
  return { status: 200, json: { ended: await auth.signOut(body.where) } }
}

/** What some caches obey in place of `Cache-Control`. */
export const TARGETED = ["CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires"]

function cacheable({ setHeader }: Visit): Reply {
  setHeader("Cache-Control", "public, max-age=3600")
  setHeader("Vary", "Accept-Encoding")
  for (const name of TARGETED) setHeader(name, "600")
  return { status: 200, json: "cacheable" }
}

async function* parts(): AsyncIterable<string> {
  yield "one "
  yield "two"
}

async function* signInLate(auth: RequestAuth<Attributes>, waitForTest: () => Promise<void>): AsyncIterable<string> {
  yield "begun "
  await waitForTest()
  yield await auth.signIn({ userId: "late" }).then(
    () => "signed in",
    (error: unknown) => (SessionError.is(error) ? error.code : "another error"),
  )
}

async function signInTwice({ auth, body, setHeader }: Visit): Promise<Reply> {
  setHeader("Set-Cookie", "theme=light; Path=/")
  await auth.signIn({ userId: body.userId ?? "" })
  const session = await auth.signIn({ userId: body.userId ?? "" })
  return { status: 200, json: session }
}

/** What a handler after a `guard` has: it finds its session with `sessionOf`. */
export const NO_AUTH = null as never
