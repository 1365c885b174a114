/** Lets what is asked for in one turn of the event loop travel together; nothing else. */
export class Traveling {
  #underWay = 0

  /**
   * @param most - in one step; further steps go turn by turn
   * @param send - answers in the order of what was asked
   */
  batch<Q, A>(most: number, send: (some: readonly Q[]) => Promise<readonly A[]>): (asked: Q) => Promise<A> {
    let waiting: Waiting<Q, A>[] = []
    const sendSome = (): void => {
      const some = waiting.slice(0, most)
      waiting = waiting.slice(most)
      if (waiting.length > 0) setImmediate(sendSome)
      this.#underWay += 1
      send(some.map(({ asked }) => asked))
        .finally(() => {
          this.#underWay -= 1
        })
        .then(
          (answers) => {
            for (const [at, { resolve }] of some.entries()) resolve(answers[at] as A)
          },
          (error: unknown) => {
            for (const { reject } of some) reject(error)
          },
        )
    }
    return (asked) =>
      new Promise((resolve, reject) => {
        waiting.push({ asked, resolve, reject })
        if (waiting.length > 1) return
        if (this.#underWay > 0) setImmediate(sendSome)
        else queueMicrotask(sendSome)
      })
  }
}

interface Waiting<Q, A> {
  readonly asked: Q
  readonly resolve: (answer: A) => void
  readonly reject: (reason: unknown) => void
}
