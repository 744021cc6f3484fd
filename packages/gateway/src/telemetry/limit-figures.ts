/**
 * Figures of limits: what rules refused, how good the estimates of prompts are, which calls waited, and how fast the
 * counters' store answers.
 */
import type { LimitName } from '../config/schema/index.ts'
import type { LimitsObserver, LimitsReport, StoreState } from '../limits/index.ts'
import { counts } from './calls.ts'
import {
  Children,
  type MetricRegistry,
  newCount,
  type Reading,
  readAtScrape,
  Spread,
  SpreadHistogram,
} from './tally.ts'

/** (estimated - actual) / actual: -0.5 is half of the actual value, 1 is twice as much. */
const errorBounds = [-0.75, -0.5, -0.25, -0.1, -0.05, 0, 0.05, 0.1, 0.25, 0.5, 1, 2, 5]
/** In seconds. */
const waitBounds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300]
const answerBounds = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

const families = {
  refused: {
    name: 'gatehouse_limit_refusals_total',
    help: 'Calls that a rule refused, or (mode shadow) would have refused.',
    labels: ['rule', 'measure', 'mode'],
  },
  used: {
    name: 'gatehouse_limit_used_ratio',
    help: 'Used and reserved share of a limit; 1 is all of it. Rules that count by something, as by caller, are left out.',
    labels: ['rule', 'measure', 'mode'],
  },
  estimate: {
    name: 'gatehouse_prompt_estimate_error_ratio',
    help: '(estimated - actual) / actual prompt tokens of settled calls.',
    labels: ['deployment'],
  },
  waited: {
    name: 'gatehouse_waiting_seconds',
    help: 'Time in the waiting line, by priority class and by whether the call was admitted.',
    labels: ['priority', 'admitted'],
  },
  waiting: { name: 'gatehouse_waiting_calls', help: 'Calls in the waiting line.' },
  storeUp: {
    name: 'gatehouse_limits_store_up',
    help: '1 while the store of the limits answers, else 0.',
    labels: ['store'],
  },
  withoutStore: {
    name: 'gatehouse_limits_without_store_total',
    help: 'Calls with limits that met no store, by what was done (limits.whenStoreIsDown).',
    labels: ['mode'],
  },
  answered: { name: 'gatehouse_limits_store_answer_seconds', help: 'Time that Redis took to answer.' },
} as const

export class LimitFigures implements LimitsObserver {
  readonly #refused = new Children(newCount)
  readonly #withoutStore = new Children(newCount)
  readonly #errors = new Children(() => new Spread(errorBounds))
  readonly #waits = new Children(() => new Spread(waitBounds))
  readonly #answers = new Children(() => new Spread(answerBounds))

  refused(rule: string, measure: LimitName, shadow: boolean): void {
    const key = `${rule} ${measure} ${shadow}`
    const known = this.#refused.find(key) ?? this.#refused.add(key, [rule, measure, shadow ? 'shadow' : 'enforce'])
    known.value += 1
  }

  estimateErrors(deployment: string): Spread {
    return this.#errors.add(deployment, [deployment])
  }

  waited(priority: string, ms: number, admitted: boolean): void {
    this.#waits.add(`${priority} ${admitted}`, [priority, String(admitted)]).add(ms / 1_000)
  }

  withoutStore(state: StoreState): void {
    const known = this.#withoutStore.find(state) ?? this.#withoutStore.add(state, [state])
    known.value += 1
  }

  storeAnswered(ms: number): void {
    const spread = this.#answers.find('') ?? this.#answers.add('', [])
    spread.add(ms / 1_000)
  }

  register(registry: MetricRegistry, report: () => Promise<LimitsReport>): void {
    const shared = atOnce(report)
    readAtScrape(registry, 'counter', families.refused, () => counts(this.#refused))
    readAtScrape(registry, 'gauge', families.used, async () => usedShares(await shared()))
    new SpreadHistogram(registry, families.estimate, this.#errors)
    new SpreadHistogram(registry, families.waited, this.#waits)
    readAtScrape(registry, 'gauge', families.waiting, async () => [[[], (await shared()).waiting]])
    readAtScrape(registry, 'gauge', families.storeUp, async () => {
      const { store, state } = await shared()
      return [[[store], state === 'ok' ? 1 : 0]]
    })
    readAtScrape(registry, 'counter', families.withoutStore, () => counts(this.#withoutStore))
    new SpreadHistogram(registry, families.answered, this.#answers)
  }
}

/**
 * One series per rule and measure. Rules that count per caller are left out: they would name people, without any bound
 * on their number.
 */
function usedShares({ rules }: LimitsReport): Reading[] {
  return rules
    .filter(({ subject }) => subject === null)
    .map(({ rule, measure, mode, used, reserved, limit }) => [[rule, measure, mode], (used + reserved) / limit])
}

/** Callers that come while an answer is in flight share that answer. */
function atOnce<T>(ask: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null
  return () => {
    underWay ??= ask().finally(() => {
      underWay = null
    })
    return underWay
  }
}
