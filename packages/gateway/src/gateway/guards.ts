/**
 * Bounds for all calls together: bytes of bodies in memory, records of unknown callers, answers that are read on
 * without a client.
 */
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema/index.ts'
import type { Journal } from '../ledger/index.ts'
import { BodyBudget, type BodyBudgetOptions } from './stages/4-receive/budget.ts'
import { Strangers } from './stages/9-record/strangers.ts'
import { Unseen } from './stages/9-record/unseen.ts'

export class Guards {
  readonly bodies: BodyBudget
  readonly strangers: Strangers
  readonly unseen: Unseen

  /** @param lost called for records that the journal could not take, with their number of calls. */
  constructor(config: Config, parts: { clock: Clock; journal: Journal; lost: (calls: number) => void }) {
    const { clock, journal, lost } = parts
    this.bodies = new BodyBudget(bodyBytes(config))
    this.unseen = new Unseen(config)
    this.strangers = new Strangers(config.ledger.unauthenticated, {
      clock,
      write: closed => void journal.close(closed, []).catch(() => lost(closed.summedCalls)),
    })
  }

  use(config: Config): void {
    this.bodies.use(bodyBytes(config))
    this.unseen.use(config)
    this.strangers.use(config.ledger.unauthenticated)
  }

  close(): void {
    this.strangers.close()
  }
}

function bodyBytes({ gateway }: Config): BodyBudgetOptions {
  return { bytesMax: gateway.bodyBytesInFlight, callerBytesMax: gateway.bodyBytesInFlightPerCaller }
}
