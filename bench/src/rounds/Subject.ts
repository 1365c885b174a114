import { Child } from "../processes/Child.js"
import type { Opening, Question, Row } from "./questions.js"
import type { Sliced } from "./slice.js"

const PROGRAM = new URL("../subject.js", import.meta.url)

/** Rows as the program has them that compares them: named, with what is wanted of them, and measured elsewhere. */
export type Told<R extends Row> = Omit<R, "work"> & Sliced

/** A library or a client in a process that does nothing else, so that none makes another slower by what it leaves in the heap and in compiled code. */
export class Subject<R extends Row> implements AsyncDisposable {
  readonly rows: Readonly<Record<string, Told<R>>>
  readonly #child: Child

  private constructor(child: Child, rows: Readonly<Record<string, Told<R>>>) {
    this.#child = child
    this.rows = rows
  }

  static async start<R extends Row>(opening: Opening, signal: AbortSignal): Promise<Subject<R>> {
    const child = new Child(opening.settings.library, PROGRAM)
    const ask = <Answer>(question: Question) => child.ask<Answer>(question, signal)
    try {
      const rows = await ask<Readonly<Record<string, Omit<R, "work">>>>({ open: opening })
      const told = Object.entries(rows).map(([key, row]): readonly [string, Told<R>] => [
        key,
        { ...row, refill: () => ask({ refill: key }), slice: ({ inFlight, ms }) => ask({ measure: key, slice: { inFlight, ms } }) },
      ])
      return new Subject(child, Object.fromEntries(told))
    } catch (error) {
      await child[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Starts one for each, all at once. @throws what the first that failed threw, when all have ended */
  static async startAll<R extends Row>(openings: readonly Opening[], signal: AbortSignal): Promise<AsyncDisposable & { readonly all: readonly Subject<R>[] }> {
    const starting = await Promise.allSettled(openings.map((opening) => Subject.start<R>(opening, signal)))
    const all = starting.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
    const end = async (): Promise<void> => void (await Promise.all(all.map((one) => one[Symbol.asyncDispose]())))
    const failed = starting.find((one) => one.status === "rejected")
    if (failed === undefined) return { all, [Symbol.asyncDispose]: end }
    await end()
    throw failed.reason
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
  }
}
