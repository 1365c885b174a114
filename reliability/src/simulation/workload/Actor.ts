import { SessionError } from "coatcheck"
import type { RecordedClient } from "../../workloads/RecordedClient.js"
import { choose, oneOf, type Random } from "../../workloads/random.js"
import { GUESTS, REFUSING_USER } from "./SimulatedService.js"

/** Users and how many sessions each may have. */
export const USERS: readonly (readonly [user: string, limit: number | undefined])[] = [
  ["unlimited", undefined],
  ["limited", 3],
  [REFUSING_USER, 4],
  [`${GUESTS}s`, undefined],
]
const TOKENS = 24

/** A token that somebody got, and whose session it opens. */
export interface Held {
  readonly token: string
  readonly user: string
}

/** The tokens of a run: everybody uses everybody's, dead ones too. */
export class TokenPool {
  readonly all: Held[] = []
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  add(held: Held): void {
    if (this.all.length < TOKENS) this.all.push(held)
    else this.all[this.#random(TOKENS)] = held
  }

  any(): Held | undefined {
    return oneOf(this.#random, this.all)
  }
}

type Job = "create" | "get" | "update" | "compare" | "byHandle" | "extend" | "rotate" | "delete" | "deleteByHandle" | "list" | "deleteAll" | "cleanup"

const JOBS: readonly (readonly [number, Job])[] = [
  [12, "create"],
  [36, "get"],
  [9, "update"],
  [9, "compare"],
  [3, "byHandle"],
  [4, "extend"],
  [6, "rotate"],
  [7, "delete"],
  [4, "deleteByHandle"],
  [7, "list"],
  [2, "deleteAll"],
  [1, "cleanup"],
]

/** One caller: it makes one call after the other. `grace`: whether old secrets may work on after a rotation. */
export async function callOnce(client: RecordedClient & { cleanup(): Promise<void> }, pool: TokenPool, random: Random, grace: boolean): Promise<void> {
  const held = pool.any()
  const job = held === undefined ? "create" : choose(random, JOBS)
  if (held === undefined || job === "create") {
    const [user, limit] = oneOf(random, USERS) ?? ["unlimited", undefined]
    const token = await client.create(user, limit)
    if (token !== undefined) pool.add({ token, user })
    return
  }
  const { token, user } = held
  const session = token.split(".").slice(0, 2).join(".")
  const isGuest = user.startsWith(GUESTS)
  switch (job) {
    case "get":
      return void (await client.get(token))
    case "update":
      return void (await client.update(token))
    case "compare": {
      const read = await client.get(token)
      if (read) await client.update(token, read.version)
      return
    }
    case "byHandle":
      return isGuest ? undefined : void (await client.updateByHandle(user, session))
    case "extend":
      return void (await client.extend(token))
    case "rotate": {
      const rotated = await client.rotate(token, grace && random(2) === 0)
      if (rotated !== undefined) pool.add({ token: rotated, user })
      return
    }
    case "delete":
      return client.delete(token)
    case "deleteByHandle":
      return isGuest ? undefined : client.deleteByHandle(user, session)
    case "list":
      return isGuest ? undefined : void (await client.list(user))
    case "deleteAll":
      return isGuest ? undefined : client.deleteAll(user)
    case "cleanup":
      return client.cleanup().catch((error: unknown) => {
        if (!SessionError.is(error)) throw error
      })
  }
}
