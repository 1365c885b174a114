/** Until the work is done the process has something to wait for: a deadline's timer alone does not keep Node from ending in the middle of a test. */
export async function keepAwake(work: () => Promise<void>): Promise<void> {
  const waiting = setInterval(() => undefined, 60_000)
  try {
    await work()
  } finally {
    clearInterval(waiting)
  }
}
