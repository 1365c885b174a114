import { sealData, unsealData } from "iron-session"
import { crowd } from "./crowd.js"
import { entryAt, shuffled } from "./order.js"
import { type Payload, payloadOf } from "./payload.js"
import type { SessionRows } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"

const PASSWORD = "a password of a measurement, long enough"
const SEALED = 200

/** For scale: the whole session lies sealed in the cookie, so no server is asked, and nothing can be ended before its time. */
export async function ironSession({ bytes }: SessionSettings): Promise<SessionRows> {
  const seals = await crowd(SEALED, (at) => sealData(payloadOf(at, bytes), { password: PASSWORD }))
  const order = shuffled(SEALED)
  return {
    read: {
      name: "iron-session, unseal (no server; cannot be revoked)",
      work: {
        call: (at) => unsealData<Payload>(entryAt(seals, order, at), { password: PASSWORD }),
        isRight: ({ userId }: Partial<Payload>) => userId !== undefined,
      },
    },
  }
}
