/**
 * The right to answer reads from memory, which each round trip on the connection that tells of changes renews.
 *
 * A server puts the news of a change on that connection before it acknowledges the change, and answers in order: a question that was sent after the
 * acknowledgement is answered behind the news. So whoever was answered a question of less than the lease ago knows of all that is older than the lease.
 */
export class Lease {
  readonly #length: number
  /** Until when it holds, by `performance.now()`. To be asked when something is served: a timer may come late. */
  until: number = Number.NEGATIVE_INFINITY
  /** What is added to `performance.now()` to get the latest that the server's clock may show, in milliseconds. */
  serverAhead = 0

  /** @param length - in milliseconds */
  constructor(length: number) {
    this.#length = length
  }

  /**
   * Renews it by an answered question.
   *
   * @param sentAt - when the question was sent, not when it was answered: what changed in between may not be known
   * @param serverTime - the server's clock in milliseconds, read between sending and answer
   */
  renew(sentAt: number, serverTime: number): void {
    this.until = Math.max(this.until, sentAt + this.#length)
    this.serverAhead = serverTime - sentAt
  }

  end(): void {
    this.until = Number.NEGATIVE_INFINITY
  }
}
