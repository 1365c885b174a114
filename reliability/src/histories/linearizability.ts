// The search of Wing and Gong with Lowe's memory: is there an order of the operations, each placed between its call and its return,
// in which every answer is the one that the model gives?

/** What the search needs to know of an operation. */
export interface Timed {
  readonly call: number
  /** Infinite when it never returned; such an operation may be left out. */
  readonly ret: number
}

export interface Model<State, Operation> {
  readonly initial: State
  /** @returns the next state, the very same one where nothing changes; `undefined` when the answer could not have been given there */
  step(state: State, operation: Operation): State | undefined
  name(state: State): string
  /** Whether an operation that leaves one state as it is leaves every state that may follow as it is. It makes the search short. */
  neverChanges?(operation: Operation): boolean
}

export type Verdict<Operation> =
  | { readonly verdict: "ok"; readonly order: readonly Operation[] }
  /** `order`: the longest order that could be found; `stuck`: the operations none of which could come next. */
  | { readonly verdict: "violation" | "undecided"; readonly order: readonly Operation[]; readonly stuck: readonly Operation[] }

export interface SearchBounds {
  /** Milliseconds that the search may take; 30 000 by default. */
  readonly timeMs?: number
}

interface Frame<State> {
  readonly state: State
  readonly candidates: readonly number[]
  next: number
}

const STEPS_BETWEEN_LOOKS_AT_THE_CLOCK = 512

/** Decides one history of one object. */
export function linearize<State, Operation extends Timed>(
  model: Model<State, Operation>,
  history: readonly Operation[],
  { timeMs = 30_000 }: SearchBounds = {},
): Verdict<Operation> {
  const search = new Search(
    model,
    [...history].sort((a, b) => a.call - b.call),
  )
  return search.run(Date.now() + timeMs)
}

class Search<State, Operation extends Timed> {
  readonly #model: Model<State, Operation>
  readonly #operations: readonly Operation[]
  readonly #done: Uint8Array
  /** For each operation the one before it that could as well take its place, or -1. */
  readonly #twins: readonly number[]
  readonly #seen = new Set<string>()
  readonly #path: number[] = []
  #best: readonly number[] = []
  #stuck: readonly number[] = []
  #returningLeft: number
  #firstOpen = 0

  constructor(model: Model<State, Operation>, sorted: readonly Operation[]) {
    this.#model = model
    this.#operations = sorted
    this.#done = new Uint8Array(sorted.length)
    this.#twins = twinsOf(sorted)
    this.#returningLeft = sorted.filter(({ ret }) => Number.isFinite(ret)).length
  }

  run(deadline: number): Verdict<Operation> {
    const stack: Frame<State>[] = [this.#frame(this.#model.initial)]
    this.#stuck = stack[0]?.candidates ?? []
    for (let steps = 1; this.#returningLeft > 0; steps++) {
      const frame = stack.at(-1)
      if (frame === undefined) return this.#answer("violation")
      if (steps % STEPS_BETWEEN_LOOKS_AT_THE_CLOCK === 0 && Date.now() > deadline) {
        this.#remember(frame)
        return this.#answer("undecided")
      }
      const next = this.#advance(frame)
      if (next !== undefined) stack.push(next)
      else if (frame.next >= frame.candidates.length) {
        this.#remember(frame)
        stack.pop()
        this.#undo()
      }
    }
    return { verdict: "ok", order: this.#path.map((i) => this.#operations[i] as Operation) }
  }

  /** Tries the frame's next candidate. */
  #advance(frame: Frame<State>): Frame<State> | undefined {
    const candidate = frame.candidates[frame.next++]
    if (candidate === undefined) return undefined
    const state = this.#model.step(frame.state, this.#operations[candidate] as Operation)
    if (state === undefined) return undefined
    this.#place(candidate)
    const name = this.#name(state)
    if (this.#seen.has(name)) {
      this.#undo()
      return undefined
    }
    this.#seen.add(name)
    return this.#frame(state)
  }

  // Looked at where the search turns back: on the way there each order is only the beginning of the next.
  #remember({ candidates }: Frame<State>): void {
    if (this.#path.length <= this.#best.length) return
    this.#best = [...this.#path]
    this.#stuck = candidates
  }

  // Whoever returned before another was called must come before it, so only these may come next.
  #frame(state: State): Frame<State> {
    const candidates: number[] = []
    let firstReturn = Number.POSITIVE_INFINITY
    for (let i = this.#firstOpen; i < this.#operations.length; i++) {
      if (this.#done[i] === 1 || this.#done[this.#twins[i] ?? -1] === 0) continue
      const { call, ret } = this.#operations[i] as Operation
      if (call > firstReturn) break
      if (Number.isFinite(ret) && this.#changesNothing(state, this.#operations[i] as Operation)) return { state, candidates: [i], next: 0 }
      candidates.push(i)
      if (ret < firstReturn) firstReturn = ret
    }
    return { state, candidates, next: 0 }
  }

  // Such a one can be placed at once: wherever else it fits, moving it here changes no other answer.
  #changesNothing(state: State, operation: Operation): boolean {
    return this.#model.neverChanges?.(operation) === true && this.#model.step(state, operation) === state
  }

  #place(i: number): void {
    this.#done[i] = 1
    this.#path.push(i)
    if (Number.isFinite((this.#operations[i] as Operation).ret)) this.#returningLeft -= 1
    while (this.#done[this.#firstOpen] === 1) this.#firstOpen += 1
  }

  #undo(): void {
    const i = this.#path.pop()
    if (i === undefined) return
    this.#done[i] = 0
    if (Number.isFinite((this.#operations[i] as Operation).ret)) this.#returningLeft += 1
    if (i < this.#firstOpen) this.#firstOpen = i
  }

  // Everything before the first open operation is done, so what was placed is told by that number and the few done ones after it.
  #name(state: State): string {
    let name = `${this.#firstOpen}:`
    let left = this.#path.length - this.#firstOpen
    for (let i = this.#firstOpen + 1; left > 0; i++) {
      if (this.#done[i] !== 1) continue
      name += `${i - this.#firstOpen},`
      left -= 1
    }
    return `${name}|${this.#model.name(state)}`
  }

  #answer(verdict: "violation" | "undecided"): Verdict<Operation> {
    const pick = (indices: readonly number[]): Operation[] => indices.map((i) => this.#operations[i] as Operation)
    return { verdict, order: pick(this.#best), stuck: pick(this.#stuck) }
  }
}

/** Of operations that may be left out and differ only in when they were called, the first may be placed wherever a later one may: so they are placed in their order. */
function twinsOf(sorted: readonly Timed[]): readonly number[] {
  const last = new Map<string, number>()
  return sorted.map((operation, i) => {
    if (Number.isFinite(operation.ret)) return -1
    const text = JSON.stringify({ ...operation, call: 0 })
    const twin = last.get(text) ?? -1
    last.set(text, i)
    return twin
  })
}
