const undos = new Set<() => void>()
process.on("exit", () => {
  for (const undo of undos) undo()
})

/**
 * Something to be undone when this process ends before it was undone in the ordinary way; for the moment when nothing can be waited for any more.
 *
 * @returns to be called when it was undone in the ordinary way
 */
export function atExit(undo: () => void): () => void {
  undos.add(undo)
  return () => void undos.delete(undo)
}
