import type { RecordedClient } from "../../workloads/RecordedClient.js"

/** A session of a user of its own, so that what a call did to it can be told. */
export interface Made {
  readonly user: string
  readonly token: string
  readonly handle: string
}

export type RecordedCall = (client: RecordedClient, made: Made) => Promise<string | undefined>

const without = async (work: Promise<unknown>): Promise<undefined> => void (await work)

/** Every operation of the contract. Answers the token that it issued. */
export const RECORDED_CALLS: Readonly<Record<string, RecordedCall>> = {
  create: (client, { user }) => client.create(user, 2),
  get: (client, { token }) => without(client.get(token)),
  list: (client, { user }) => without(client.list(user)),
  update: (client, { token }) => without(client.update(token)),
  "update at a version": (client, { token }) => without(client.update(token, 1)),
  "update by handle": (client, { user, handle }) => without(client.updateByHandle(user, handle)),
  extend: (client, { token }) => without(client.extend(token)),
  rotate: (client, { token }) => client.rotate(token, true),
  "rotate without grace": (client, { token }) => client.rotate(token, false),
  delete: (client, { token }) => without(client.delete(token)),
  "delete by handle": (client, { user, handle }) => without(client.deleteByHandle(user, handle)),
  "delete all": (client, { user }) => without(client.deleteAll(user)),
}

/** Opens a session on a line without faults. */
export async function makeSession(direct: RecordedClient, user: string): Promise<Made> {
  const token = await direct.create(user, undefined)
  if (token === undefined) throw new Error("Expected a sign-in on a healthy line to be answered, got an error")
  return { user, token, handle: token.slice(0, token.lastIndexOf(".")) }
}

/** Looks at all that a call may have changed, and changes it once more, so that a second effect or none would show. */
export async function lookAround(direct: RecordedClient, { user, token }: Made, issued: string | undefined): Promise<void> {
  await direct.list(user)
  await direct.get(token)
  if (issued !== undefined) await direct.get(issued)
  await direct.update(issued ?? token)
  await direct.list(user)
}
