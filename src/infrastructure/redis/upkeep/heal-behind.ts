import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { DueHeal, type SessionScripts } from "../scripts/session-scripts.js"
import { TurnBatch } from "../TurnBatch.js"
import type { Background } from "./background.js"
import { LIST_MEMORY_MICROS } from "./list-memory.js"

/** Sessions in one script: as many as may have been used by one. */
const MOST_TOGETHER = 32

/** Puts sessions back into lists that lost them, behind whoever used them: those of one turn of the event loop together, on a cluster each alone. */
export class HealBehind {
  readonly #batch: TurnBatch<DueHeal, undefined>
  readonly #background: Background

  constructor(redis: Pick<IRedisService, "singleNode">, scripts: Pick<SessionScripts, "heal">, background: Background) {
    const many = async (due: readonly DueHeal[]): Promise<readonly undefined[]> => {
      await scripts.heal(due, LIST_MEMORY_MICROS, {})
      return due.map(() => undefined)
    }
    this.#batch = new TurnBatch({ many }, redis.singleNode ? MOST_TOGETHER : 1)
    this.#background = background
  }

  /** @param index - the key of a user's list; @param session - that of one of its sessions */
  add(index: string, session: string): void {
    this.#background.run(this.#batch.add(new DueHeal(index, session)))
  }
}
