/** The limits of a configuration, replayed over calls in the order in which they began and ended. */
import type { Config } from '../../../config/schema/index.ts'
import type { Caller } from '../../../identity/index.ts'
import type { RecordRow } from '../../../ledger/record.ts'
import type { SpentGroup } from '../../../ledger/reports.ts'
import { type Ask, type Denial, type Lease, type LimitsObserver, nothingSpent } from '../../../limits/index.ts'
import { openLimits } from '../../../limits/open.ts'
import type { Refusal } from '../../refusals.ts'
import { refusalOfDenial } from '../../stages/6-admit/refusals.ts'
import type { Destined } from '../explainers.ts'
import type { ExplainedConfig } from '../index.ts'

export interface ReplayedCall {
  readonly row: RecordRow
  readonly caller: Caller
  readonly destination: Destined
}

export type LimitVerdict =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'waits'; readonly refusal: Refusal }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly rule: string | null }

/** What was used between two instants, as the ledger knows it. */
export type SpentOf = (fromMs: number, toMs: number) => Promise<readonly SpentGroup[]>

const silent: LimitsObserver = {
  refused() {},
  estimateErrors: () => ({ add() {} }),
  waited() {},
  withoutStore() {},
  storeAnswered() {},
}

/**
 * By the id of the record. Counters begin with what the ledger has of the windows in which the first call began.
 * @param calls in the order in which they began.
 */
export async function replayLimits(
  { config, plan, prices }: ExplainedConfig,
  calls: readonly ReplayedCall[],
  spent: SpentOf,
): Promise<ReadonlyMap<string, LimitVerdict>> {
  const verdicts = new Map<string, LimitVerdict>()
  const [first] = calls
  if (first === undefined) return verdicts
  let nowMs = first.row.startedAtMs
  const limits = await openLimits(inMemory(config), {
    clock: () => nowMs,
    observer: silent,
    ledger: { spent: (fromMs, toMs) => spent(fromMs, Math.min(toMs, first.row.startedAtMs)) },
  })
  const under: { readonly endedAtMs: number; readonly row: RecordRow; readonly lease: Lease }[] = []
  const settleUntil = (atMs: number): void => {
    under.sort((one, other) => one.endedAtMs - other.endedAtMs)
    for (let next = under[0]; next !== undefined && next.endedAtMs <= atMs; next = under[0]) {
      under.shift()
      nowMs = Math.max(nowMs, next.endedAtMs)
      next.lease.settle(spentOf(next.row, limits.weighTokens.bind(limits)))
    }
  }
  try {
    for (const { row, caller, destination } of calls) {
      settleUntil(row.startedAtMs)
      nowMs = Math.max(nowMs, row.startedAtMs)
      const meets = limits.meets(destination.workload, destination.deployment)
      if (meets === null) continue
      const priority = plan.workloads.get(destination.workload)?.priority ?? ''
      const ask = askOf(row, caller, priority)
      const admission = limits.admit(meets, ask, { deadlineAt: 0, signal: null })
      if (admission instanceof Promise) throw new TypeError('counters in memory answer at once')
      const { lease } = admission
      const denial = admission.denial ?? (await enter(admission.lease, row, destination))
      if (denial === null && lease !== null) under.push({ endedAtMs: row.endedAtMs, row, lease })
      else lease?.settle(nothingSpent)
      if (denial !== null) verdicts.set(row.id, verdictOf(denial, config, destination.workload, prices.currency))
    }
  } finally {
    await limits.close()
  }
  return verdicts
}

function inMemory(config: Config): Config {
  return { ...config, limits: { ...config.limits, store: 'memory' } }
}

/** @returns null where one of the instances has room; else the denial that ends soonest. */
async function enter(lease: Lease, row: RecordRow, { order, deployment }: Destined): Promise<Denial | null> {
  const all = order.flat()
  // The one that served first: which of equals is next, turns decide.
  const instances = [
    ...all.filter(({ instance }) => instance === row.instance),
    ...all.filter(({ instance }) => instance !== row.instance),
  ]
  let soonest: Denial | null = null
  for (const { instance, alias } of instances) {
    const denial = await lease.enter(instance, alias ?? deployment)
    if (denial === null) return null
    if (soonest === null || denial.retryAfterMs < soonest.retryAfterMs) soonest = denial
  }
  return soonest
}

function verdictOf(denial: Denial, { limits }: Config, workload: string, currency: string): LimitVerdict {
  const refusal = refusalOfDenial(denial, workload, currency)
  const { length, maxWait } = limits.waitingLine
  if (length > 0 && denial.kind === 'passes' && denial.retryAfterMs <= maxWait) return { kind: 'waits', refusal }
  return { kind: 'refused', refusal, rule: denial.kind === 'store' ? null : denial.rule }
}

/** What was reserved then, or where the call met no limit on tokens, what it used. */
function askOf({ reservedTokens, usage, cost }: RecordRow, caller: Caller, priority: string): Ask {
  const { promptTokens, completionTokens } = usage
  const used = (promptTokens ?? 0) + (completionTokens ?? 0)
  return {
    caller,
    priority,
    tokens: reservedTokens === null || reservedTokens === 0 ? used : reservedTokens,
    costNano: cost?.nano ?? 0,
    // The prompt alone: whether a client had set a maximum is not in the record.
    leastTokens: (promptTokens ?? 0) >> 1,
    prompt: { textBytes: 0, media: 0, soundTokens: 0, stored: 0 },
    promptTokens: 0,
    maximumGiven: true,
  }
}

function spentOf(
  { usage, cost, attempts }: RecordRow,
  weigh: (promptTokens: number, cachedTokens: number, completionTokens: number) => number,
) {
  const { promptTokens, cachedTokens, completionTokens } = usage
  return {
    tokens: weigh(promptTokens ?? 0, cachedTokens ?? 0, completionTokens ?? 0),
    costNano: cost?.nano ?? 0,
    calls: Math.max(1, attempts.length),
    promptTokens: null,
    completionTokens: null,
  }
}
