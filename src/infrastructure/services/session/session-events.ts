import type { SessionEvent } from "../../../domain/interfaces/ports.js"
import { Events } from "../Events.js"

/** Tells the application what happened to sessions. */
export class SessionEvents extends Events<SessionEvent> {}
