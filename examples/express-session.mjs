// An application of express-session with this library's store: a slow request signs nobody in again who signed out. Start it with: node examples/express-session.mjs
import { EventEmitter, once } from "node:events"
import { CoatcheckStore } from "coatcheck/express-session"
import express from "express"
import session from "express-session"

// Yours would be "redis://…" or a client of your own, and takeOver where connect-redis was before.
const store = new CoatcheckStore({ store: "memory:" })
const slow = new EventEmitter()

const app = express()
app.use(session({ store, secret: "an example, so this is no secret", resave: false, saveUninitialized: false }))
app.get("/login", (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user = "ada"
    res.send("signed in")
  })
})
app.get("/slow", async (req, res) => {
  slow.emit("begun")
  await once(slow, "go on")
  req.session.note = "late"
  req.session.save((error) => res.send(error ? `not saved: ${error.code}` : "saved"))
})
app.get("/logout", (req, res, next) => req.session.destroy((error) => (error ? next(error) : res.send("signed out"))))
app.get("/", (req, res) => res.send(`hello ${req.session.user ?? "stranger"}`))
app.use((error, _req, res, next) => (res.headersSent ? res.end() : next(error)))

const server = app.listen(0, "127.0.0.1")
await once(server, "listening")
const visit = async (path, cookie = "") => fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers: { cookie } })

const signedIn = await visit("/login")
const [cookie] = signedIn.headers.getSetCookie()[0].split(";")
console.log(await (await visit("/", cookie)).text())

const begun = once(slow, "begun")
const late = visit("/slow", cookie)
await begun
console.log(await (await visit("/logout", cookie)).text())
slow.emit("go on")
console.log(await (await late).text())
console.log(await (await visit("/", cookie)).text())

server.closeAllConnections()
server.close()
await store.close()
