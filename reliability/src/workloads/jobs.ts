import type { ISessionService } from "coatcheck"
import type { HistoryRecorder } from "../histories/HistoryRecorder.js"
import { type Attributes, RecordedClient } from "./RecordedClient.js"
import { choose, oneOf, type Random, randomFrom } from "./random.js"

/** What one process is asked to do in a round. */
export type Job =
  /** W1: writers that each read a session's version and write at it. */
  | { readonly kind: "write-one-session"; readonly seed: number; readonly token: string; readonly writers: number; readonly calls: number }
  /** W2: clients that do to one user's sessions whatever can be done. */
  | { readonly kind: "one-user"; readonly seed: number; readonly user: string; readonly clients: number; readonly calls: number; readonly limit: number }
  /** W3 and the preparation of W4: sign-ins side by side. */
  | { readonly kind: "sign-in"; readonly users: readonly string[]; readonly width: number; readonly limit: number | undefined }
  /** The end of W3: each session is looked for once. */
  | { readonly kind: "look"; readonly tokens: readonly string[]; readonly users: readonly string[] }
  /** W4: mostly reads, over many sessions. */
  | { readonly kind: "mix"; readonly seed: number; readonly tokens: readonly string[]; readonly width: number; readonly calls: number }

export interface Crew {
  readonly service: ISessionService<Attributes>
  readonly recorder: HistoryRecorder
  /** Number of the process. */
  readonly process: number
  /** Tokens that the other processes made in this round; grows while it runs. */
  readonly shared: string[]
  /** Tells the other processes of a token. */
  share(token: string): void
}

/** Does a job. @returns the tokens of the sessions that it opened */
export async function doJob(crew: Crew, job: Job): Promise<readonly string[]> {
  switch (job.kind) {
    case "write-one-session":
      await sideBySide(crew, job.writers, job.seed, (client, random) => writeInTurns(client, random, job))
      return []
    case "one-user":
      await sideBySide(crew, job.clients, job.seed, (client, random) => liveInTurns(crew, client, random, job))
      return []
    case "sign-in":
      return signIn(crew, job)
    case "look":
      await sideBySide(crew, 1, 0, async (client) => {
        for (const user of job.users) await client.list(user)
        for (const token of job.tokens) await client.get(token)
      })
      return []
    case "mix":
      return mix(crew, job)
  }
}

async function sideBySide(crew: Crew, width: number, seed: number, work: (client: RecordedClient, random: Random) => Promise<void>): Promise<void> {
  const one = (_: unknown, i: number): Promise<void> =>
    work(new RecordedClient(crew.service, crew.recorder, crew.process), randomFrom(seed + crew.process * 7919 + i * 104_729))
  await Promise.all(Array.from({ length: width }, one))
}

async function writeInTurns(client: RecordedClient, random: Random, { token, calls }: Job & { kind: "write-one-session" }): Promise<void> {
  let version = 1
  for (let made = 0; made < calls; made += 2) {
    const read = await client.get(token)
    version = read?.version ?? version
    // Some writers do not say which version they mean: theirs must not be lost either.
    const session = await client.update(token, random(4) === 0 ? undefined : version)
    version = session?.version ?? version
  }
}

async function liveInTurns(crew: Crew, client: RecordedClient, random: Random, { user, calls, limit }: Job & { kind: "one-user" }): Promise<void> {
  const keep = (token: string): void => {
    crew.shared.push(token)
    crew.share(token)
  }
  // The newest are the ones that still live.
  const recent = (): readonly string[] => crew.shared.slice(-12)
  for (let made = 0; made < calls; made++) await liveAsUser(client, random, { user, limit, recent, keep })
}

/** Whose sessions they are, and which tokens are known. */
export interface UserLife {
  readonly user: string
  readonly limit: number | undefined
  recent(): readonly string[]
  keep(token: string): void
}

/** Makes one of the calls that can be made on a user's sessions. */
export async function liveAsUser(client: RecordedClient, random: Random, { user, limit, recent, keep }: UserLife): Promise<void> {
  const kept = (token: string | undefined): void => {
    if (token !== undefined) keep(token)
  }
  const create = async (): Promise<void> => kept(await client.create(user, limit))
  const onToken = async (work: (token: string) => Promise<unknown>): Promise<void> => {
    const token = oneOf(random, recent())
    if (token === undefined) await create()
    else await work(token)
  }
  const onHandle = (work: (handle: string) => Promise<unknown>): Promise<void> => onToken((token) => work(token.slice(0, token.lastIndexOf("."))))
  await choose<() => Promise<unknown>>(random, [
    [22, create],
    [24, () => onToken((token) => client.get(token))],
    [12, () => onToken((token) => client.update(token))],
    [3, () => onHandle((handle) => client.updateByHandle(user, handle))],
    [10, () => onToken(async (token) => kept(await client.rotate(token, random(2) === 0)))],
    [8, () => onToken((token) => client.delete(token))],
    [4, () => onHandle((handle) => client.deleteByHandle(user, handle))],
    [3, () => onToken((token) => client.extend(token))],
    [11, () => client.list(user)],
    [3, () => client.deleteAll(user)],
  ])()
}

async function signIn(crew: Crew, { users, width, limit }: Job & { kind: "sign-in" }): Promise<readonly string[]> {
  const tokens: string[] = []
  let next = 0
  await sideBySide(crew, Math.min(width, users.length), 0, async (client) => {
    for (let user = users[next++]; user !== undefined; user = users[next++]) {
      const token = await client.create(user, limit)
      if (token !== undefined) tokens.push(token)
    }
  })
  return tokens
}

async function mix(crew: Crew, { seed, tokens, width, calls }: Job & { kind: "mix" }): Promise<readonly string[]> {
  const known = [...tokens]
  const opened: string[] = []
  let left = calls
  await sideBySide(crew, width, seed, async (client, random) => {
    while (left > 0) {
      left -= 1
      // A few sessions are used much and most of them little, so that calls meet.
      const place = Math.floor((random(1_000_003) / 1_000_003) ** 2 * known.length)
      const token = known[place] ?? ""
      await choose<() => Promise<unknown>>(random, [
        [85, () => client.get(token)],
        [8, () => client.update(token)],
        [4, async () => replace(known, opened, place, await client.create(`mix-${crew.process}-${random(1_000_000)}`, undefined))],
        [3, () => client.delete(token)],
      ])()
    }
  })
  return opened
}

function replace(known: string[], opened: string[], place: number, token: string | undefined): void {
  if (token === undefined) return
  known[place] = token
  opened.push(token)
}
