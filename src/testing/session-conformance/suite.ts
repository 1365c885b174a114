import assert from "node:assert/strict"
import type { SessionEvent } from "../../domain/interfaces/ports.js"
import type { SessionId } from "../../domain/interfaces/session/ISessionService.js"
import type { Duration } from "../../shared/durations.js"
import { keepAwake } from "../keep-awake.js"
import type {
  Capability,
  ConformanceSetup,
  Corruption,
  ProviderTraits,
  RequestedOptions,
  ServiceUnderTest,
  StoreUnderTest,
  TestRunner,
} from "./conformance-setup.js"
import { MomentMissed, Timeline } from "./timeline.js"

const UNIT_ON_A_FAKE_CLOCK_MS = 180_000
const ATTEMPTS = 6

/** One test's own store, with everything that happened on it. */
export interface Stage {
  readonly service: ServiceUnderTest
  /** Events since the stage was opened, or since the test emptied the list. */
  readonly events: SessionEvent[]
  readonly time: Timeline
  advance(by: Duration): Promise<void>
  another(options?: RequestedOptions): Promise<ServiceUnderTest>
  corrupt(sessionId: SessionId, how: Corruption): Promise<void>
}

export type Play = (stage: Stage) => Promise<void>

/** Registers tests with the caller's runner and opens a stage for each. */
export class Suite {
  readonly #runner: TestRunner
  readonly #setup: ConformanceSetup
  readonly #traits: ProviderTraits
  readonly #unproved = new Map<Capability, string[]>()
  #tests: (() => void)[] = []

  constructor(runner: TestRunner, setup: ConformanceSetup, traits: ProviderTraits) {
    this.#runner = runner
    this.#setup = setup
    this.#traits = traits
  }

  /** Registers the group's tests together; a group of which the provider can run none is left out, for some runners refuse an empty one. */
  group(name: string, body: () => void): void {
    this.#tests = []
    body()
    const tests = this.#tests
    if (tests.length === 0) return
    this.#runner.describe(name, () => {
      for (const register of tests) register()
    })
  }

  it(name: string, options: RequestedOptions, play: Play): void {
    this.#tests.push(() => this.#runner.it(name, () => keepAwake(() => this.#perform(options, play))))
  }

  /** A test that only some providers can run. Where one cannot, the test's name joins the list that `listUnproved` puts into the output. */
  itNeeds(needed: Capability, name: string, options: RequestedOptions, play: Play): void {
    if (this.#traits.lacks?.[needed] === undefined) this.it(name, options, play)
    else this.#unproved.set(needed, [...(this.#unproved.get(needed) ?? []), name])
  }

  /** `units(10)` is the idle timeout of tests of time. */
  units(count: number): Duration {
    return `${this.unitsInMs(count)}ms`
  }

  unitsInMs(count: number): number {
    return Math.round(this.#unitMs * count)
  }

  /** One line in the output for each thing that the provider lacks. The line is a test: the reason must be there, and the thing must indeed be missing. */
  listUnproved(): void {
    for (const [lacking, names] of this.#unproved) {
      const because = this.#traits.lacks?.[lacking] ?? ""
      this.#runner.it(`not proved, lacks ${lacking}, because ${because}: ${names.join(" · ")}`, async () => {
        assert.match(because, /\w{2,}\s\w+/, `say in a few words why ${lacking} is lacking`)
        if (lacking === "fakeClock") return
        const store = await this.#setup({})
        await store.close()
        assert.equal(store[lacking], undefined, `${lacking} is offered and declared as lacking`)
      })
    }
  }

  get #unitMs(): number {
    return this.#traits.timeUnitMs ?? UNIT_ON_A_FAKE_CLOCK_MS
  }

  async #perform(options: RequestedOptions, play: Play): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#performOnce(options, play)
        return
      } catch (error) {
        if (!(error instanceof MomentMissed) || attempt === ATTEMPTS) throw error
      }
    }
  }

  async #performOnce(options: RequestedOptions, play: Play): Promise<void> {
    const events: SessionEvent[] = []
    const store = await this.#setup({ onEvent: (event) => events.push(event), ...options })
    const others: ServiceUnderTest[] = []
    try {
      await play({
        service: store.service,
        events,
        time: new Timeline((by) => store.advance(by), { unitMs: this.#unitMs, fake: this.#traits.lacks?.fakeClock === undefined }),
        advance: (by) => store.advance(by),
        another: async (wanted = {}) => {
          const service = await offered(store, "another")(wanted)
          others.push(service)
          return service
        },
        corrupt: (sessionId, how) => offered(store, "corrupt")(sessionId, how),
      })
    } finally {
      for (const service of others) await service.close()
      await store.close()
    }
  }
}

function offered<K extends "another" | "corrupt">(store: StoreUnderTest, name: K): NonNullable<StoreUnderTest[K]> {
  const found = store[name]
  assert.ok(found !== undefined, `The setup offers no \`${name}\`: offer it, or say in \`lacks\` why the provider cannot.`)
  return found.bind(store) as NonNullable<StoreUnderTest[K]>
}
