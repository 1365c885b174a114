import type { CallOptions } from "../../domain/interfaces/session/ISessionService.js"
import { expected } from "../../shared/assertions.js"

/** @throws UnexpectedValue when a call is given something else as its signal */
export function checkSignal(options: CallOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw expected("signal", "an AbortSignal", signal)
  return signal
}
