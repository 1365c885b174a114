/** Callbacks that wait for one signal, and the only listener that the library adds to it. */
interface Hub {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

const HUBS = new WeakMap<AbortSignal, Hub>()

/**
 * Calls back once when a signal is aborted.
 *
 * Each signal gets one listener, however many calls share it: from the eleventh listener on Node warns of a leak, and each further listener costs more,
 * because a signal compares it with those that it has. The listener is removed with the last callback.
 *
 * @param callback - a function that belongs to this call alone, and does not throw
 * @returns a function that takes the callback back; a second call of it does nothing
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks } = HUBS.get(signal) ?? openHub(signal)
  callbacks.add(callback)
  return () => {
    if (!callbacks.delete(callback) || callbacks.size > 0) return
    const hub = HUBS.get(signal)
    if (hub?.callbacks === callbacks) closeHub(signal, hub)
  }
}

function openHub(signal: AbortSignal): Hub {
  const callbacks = new Set<() => void>()
  const hub: Hub = {
    callbacks,
    listener: () => {
      closeHub(signal, hub)
      // A callback may take back others, which must then not be called.
      for (const callback of callbacks) {
        callbacks.delete(callback)
        callback()
      }
    },
  }
  HUBS.set(signal, hub)
  signal.addEventListener("abort", hub.listener, { once: true })
  return hub
}

function closeHub(signal: AbortSignal, hub: Hub): void {
  HUBS.delete(signal)
  signal.removeEventListener("abort", hub.listener)
}
