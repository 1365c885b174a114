import type { Caller } from "./api-keys.js"

/** What the middleware leaves for those after it. */
export interface HttpEnv {
  Variables: {
    requestId: string
    /** Absent on the routes that need no key. */
    caller?: Caller
  }
}
