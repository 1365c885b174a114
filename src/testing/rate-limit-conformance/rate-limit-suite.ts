import assert from "node:assert/strict"
import type { RateLimitEvent } from "../../domain/interfaces/ports.js"
import type { OwnedRateLimitingService, RateLimitRules } from "../../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { Duration } from "../../shared/durations.js"
import { keepAwake } from "../keep-awake.js"
import type { TestRunner } from "../session-conformance/conformance-setup.js"
import type { RateLimitConformanceSetup, RateLimitTraits } from "./conformance-setup.js"

/** One test's own store. */
export interface RateLimitStage<R extends RateLimitRules> {
  readonly service: OwnedRateLimitingService<R>
  readonly events: RateLimitEvent[]
  advance(by: Duration): Promise<void>
  another(): Promise<OwnedRateLimitingService<R>>
}

interface Needs {
  readonly another?: true
  readonly fakeClock?: true
}

/** Registers tests, each with a store of its own, and leaves out what the provider cannot show. */
export class RateLimitSuite {
  readonly #runner: TestRunner
  readonly #setup: RateLimitConformanceSetup
  readonly #traits: RateLimitTraits
  readonly #unproved: string[] = []

  constructor(runner: TestRunner, setup: RateLimitConformanceSetup, traits: RateLimitTraits) {
    this.#runner = runner
    this.#setup = setup
    this.#traits = traits
  }

  group(name: string, body: () => void): void {
    this.#runner.describe(name, body)
  }

  it<const R extends RateLimitRules>(name: string, rules: R, play: (stage: RateLimitStage<R>) => Promise<void>, needs: Needs = {}): void {
    if ((needs.another && this.#traits.lacksAnother !== undefined) || (needs.fakeClock && !this.#traits.fakeClock)) this.#unproved.push(name)
    else this.#runner.it(name, () => keepAwake(() => this.#perform(rules, play)))
  }

  /** One test that names those that were left out, and why. */
  listUnproved(): void {
    if (this.#unproved.length === 0) return
    const reasons = [this.#traits.lacksAnother, this.#traits.fakeClock ? undefined : "the store keeps real time"].filter((reason) => reason !== undefined)
    this.#runner.it(`not proved, because ${reasons.join(", and ")}: ${this.#unproved.join(" · ")}`, async () => {
      for (const reason of reasons) assert.match(reason, /\w{2,}\s\w+/, "say in a few words why")
    })
  }

  async #perform<const R extends RateLimitRules>(rules: R, play: (stage: RateLimitStage<R>) => Promise<void>): Promise<void> {
    const events: RateLimitEvent[] = []
    const store = await this.#setup({ rules, onEvent: (event) => events.push(event) })
    const others: OwnedRateLimitingService<R>[] = []
    const another = async (): Promise<OwnedRateLimitingService<R>> => {
      assert.ok(store.another !== undefined, "The setup offers no `another`: offer it, or say why not.")
      const service = await store.another()
      others.push(service)
      return service
    }
    try {
      await play({ service: store.service, events, advance: (by) => store.advance(by), another })
    } finally {
      for (const service of others) await service.close()
      await store.close()
    }
  }
}
