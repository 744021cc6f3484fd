/**
 * Limits that an operator has changed for a time: kept over restarts in a file of the ledger's directory, shared by all
 * replicas through Redis, and ended by themselves.
 */
import { limitNames } from '../config/schema/index.ts'
import type { LimitOverride } from '../limits/index.ts'
import { type Given, Orders, type OrdersParts, type Sharing } from './orders.ts'

export interface OverridesParts extends OrdersParts {
  /** Changes limits by these overrides, and by no others, from now on. */
  readonly override: (overrides: readonly LimitOverride[]) => void
}

/** What an operator orders; `by` is added to it. */
export type OverrideOrder = Omit<LimitOverride, 'by'>

export interface Overrides {
  /** Those that count now. */
  readonly active: readonly LimitOverride[]
  /**
   * Changes a limit until a time that is still to come. Rejects when the order cannot be kept over a restart; it is not
   * followed then.
   */
  begin(order: OverrideOrder, by: string): Promise<Sharing>
  /** Ends an override before its time. Null when there is none of this rule and measure. */
  end(which: Pick<LimitOverride, 'rule' | 'measure'>, by: string): Promise<Sharing | null>
  close(): Promise<void>
}

/** Reads what was ordered before, and follows what other replicas order. */
export async function openOverrides(parts: OverridesParts): Promise<Overrides> {
  const overrides = new SharedOverrides(parts)
  await overrides.read()
  return overrides
}

/** Longest wait of one timer; Node takes at most 24 days, and clocks are set. */
const timerMsMax = 60_000
/** The time of an order that ends an override. */
const ended = 0

class SharedOverrides implements Overrides {
  readonly #parts: OverridesParts
  readonly #orders: Orders<OverrideOrder>
  #active: readonly LimitOverride[] = []
  #timer: NodeJS.Timeout | undefined
  #hasRead = false

  constructor(parts: OverridesParts) {
    this.#parts = parts
    this.#orders = new Orders(
      {
        name: 'limit-overrides',
        valueOf: orderOf,
        use: (_, order, origin) => this.#follow(order, origin),
        unreadable: failure => parts.log.error(failure, 'limit_overrides_unreadable'),
        notKept: failure => parts.log.error(failure, 'limit_overrides_not_kept'),
      },
      parts,
    )
  }

  get active(): readonly LimitOverride[] {
    return this.#active
  }

  async read(): Promise<void> {
    await this.#orders.read()
    this.#hasRead = true
    this.#apply()
    const rules = this.#active.map(({ rule }) => rule)
    if (rules.length > 0) this.#parts.log.warn({ rules }, 'limits_still_overridden')
  }

  begin(order: OverrideOrder, by: string): Promise<Sharing> {
    return this.#orders.give(nameOf(order), order, by)
  }

  async end(which: Pick<LimitOverride, 'rule' | 'measure'>, by: string): Promise<Sharing | null> {
    const last = this.#active.find(one => one.rule === which.rule && one.measure === which.measure)
    if (last === undefined) return null
    const { rule, measure, to, reason } = last
    return this.#orders.give(nameOf(which), { rule, measure, to, reason, untilMs: ended }, by)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#orders.close()
  }

  #follow({ rule, measure, by, untilMs }: OverrideOrder & Given, origin: 'file' | 'here' | 'elsewhere'): void {
    if (!this.#hasRead) return
    this.#apply()
    if (origin !== 'elsewhere') return
    const facts = { rule, measure, by }
    this.#parts.log.info(facts, untilMs === ended ? 'limit_override_ended_elsewhere' : 'limit_overridden_elsewhere')
  }

  /** Applies what counts now, and again when the next one ends. */
  #apply(): void {
    clearTimeout(this.#timer)
    const nowMs = this.#parts.clock()
    const before = this.#active
    this.#active = [...this.#orders.all.values()]
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ rule, measure, to, untilMs, by, reason }) => ({ rule, measure, to, untilMs, by, reason }))
    if (before.length > 0 || this.#active.length > 0) this.#parts.override(this.#active)
    for (const { rule, measure, untilMs } of before) {
      if (untilMs <= nowMs) this.#parts.log.info({ rule, measure }, 'limit_override_over')
    }
    const nextMs = Math.min(...this.#active.map(({ untilMs }) => untilMs - nowMs))
    if (nextMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#apply(), Math.min(Math.ceil(nextMs), timerMsMax)).unref()
  }
}

/** Names of orders: no measure has a space in its name. */
const nameOf = ({ rule, measure }: Pick<LimitOverride, 'rule' | 'measure'>): string => `${measure ?? '*'} ${rule}`

function orderOf(written: object): OverrideOrder | null {
  const { rule, measure, to, untilMs, reason } = written as Partial<Record<keyof OverrideOrder, unknown>>
  const known = measure === null ? null : limitNames.find(name => name === measure)
  const change = changeOf(to)
  if (typeof rule !== 'string' || known === undefined || change === null) return null
  if (typeof untilMs !== 'number' || typeof reason !== 'string') return null
  return { rule, measure: known, to: change, untilMs, reason }
}

function changeOf(to: unknown): LimitOverride['to'] | null {
  if (typeof to !== 'object' || to === null) return null
  const { times, amount } = to as { readonly times?: unknown; readonly amount?: unknown }
  if (typeof times === 'number' && times > 0) return { times }
  return typeof amount === 'number' && amount >= 1 ? { amount } : null
}
