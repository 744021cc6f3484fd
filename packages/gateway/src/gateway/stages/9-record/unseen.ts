/**
 * Settings and figures for answers whose end the gateway does not see, because the client or the backend left early.
 */
import type { Config } from '../../../config/schema/index.ts'
import { ReadingOn } from '../8-relay/read-on.ts'
import { NeedsSeen } from './needs.ts'

export class Unseen {
  readonly reading = new ReadingOn()
  readonly needs = new NeedsSeen()
  /** Longest time that an answer is read on after its client left, in ms; 0 switches this off. */
  readOnMs = 0
  /** Least completion tokens to charge for such a call when it names no maximum. */
  completionTokensAssumed = 0

  constructor(config: Config) {
    this.use(config)
  }

  use({ gateway, limits }: Config): void {
    this.readOnMs = gateway.timeouts.readOn
    this.completionTokensAssumed = limits.completionTokensAssumed
  }
}
