type Listener = (detail: unknown) => void

interface Emitter {
  on?(event: string, listener: Listener): unknown
  removeListener?(event: string, listener: Listener): unknown
}

/** What hangs on an emitter for one event, and whom it tells. */
interface Ear {
  readonly tell: Listener
  readonly listeners: Set<Listener>
}

const ears = new WeakMap<Emitter, Map<string, Ear>>()

/**
 * Listens to an event of a client with one listener for all services that share the client: Node takes more than ten for a leak, and warns.
 *
 * @returns ends the listening
 */
export function listenTo(emitter: Emitter, event: string, listener: Listener): () => void {
  const ofEmitter = ears.get(emitter) ?? new Map<string, Ear>()
  ears.set(emitter, ofEmitter)
  const ear = ofEmitter.get(event) ?? hang(emitter, event)
  ofEmitter.set(event, ear)
  ear.listeners.add(listener)
  return () => {
    if (!ear.listeners.delete(listener) || ear.listeners.size > 0) return
    ofEmitter.delete(event)
    emitter.removeListener?.(event, ear.tell)
  }
}

function hang(emitter: Emitter, event: string): Ear {
  const listeners = new Set<Listener>()
  const tell: Listener = (detail) => {
    for (const listener of listeners) listener(detail)
  }
  emitter.on?.(event, tell)
  return { tell, listeners }
}
