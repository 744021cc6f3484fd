/** What is done about, and known of, answers whose end nobody is told of. */
import type { Config } from '../../config/schema.ts'
import { ReadingOn } from '../relay/read-on.ts'
import { NeedsSeen } from './needs.ts'

export class Unseen {
  readonly reading = new ReadingOn()
  readonly needs = new NeedsSeen()
  /** How long an answer is read on after its client left, milliseconds; 0 switches it off. */
  readOnMs = 0
  /** Completion tokens that such a call is charged at least where it names no maximum. */
  completionTokensAssumed = 0

  constructor(config: Config) {
    this.use(config)
  }

  use({ gateway, limits }: Config): void {
    this.readOnMs = gateway.timeouts.readOn
    this.completionTokensAssumed = limits.completionTokensAssumed
  }
}
