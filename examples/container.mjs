// Sessions from a container: the application's own classes ask for the contract and do not know the provider.
import { createContainer, DI_TOKENS } from "coatcheck/container"

class PasswordChange {
  static inject = [DI_TOKENS.SESSION_SERVICE, "audit"]
  #sessions
  #audit

  constructor(sessions, audit) {
    this.#sessions = sessions
    this.#audit = audit
  }

  async finish(userId, current) {
    const ended = await this.#sessions.deleteUserSessions(userId, { except: current, reason: "revoked" })
    this.#audit(`${userId} changed the password, ${ended} other sessions ended`)
  }
}

const container = await createContainer({ store: "memory:" })
const application = container.injector
  .createChildInjector()
  .provideValue("audit", (line) => console.log("audit:", line))
  .provideClass("passwordChange", PasswordChange)

const sessions = application.resolve(DI_TOKENS.SESSION_SERVICE)
await sessions.createSession({ userId: "ada" })
const { token, session } = await sessions.createSession({ userId: "ada" })

await application.resolve("passwordChange").finish("ada", session.sessionId)
console.log("this session goes on:", (await sessions.getSession(token)) !== null)

// Ends the service and whatever the container opened.
await container.close()
