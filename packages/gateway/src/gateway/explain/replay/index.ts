/**
 * Replay: calls of the past under another configuration, without sending anything. Each call is decided twice, under
 * the configuration in force and under the next one, by the functions that serve calls; what differs is told.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../../../config/schema/index.ts'
import type { RecordRow } from '../../../ledger/record.ts'
import type { Destined } from '../explainers.ts'
import {
  type ExplainedAnswer,
  type ExplainedConfig,
  type ExplainStep,
  explainWith,
  prepareExplain,
  stageOf,
} from '../index.ts'
import { callerOfRecord, isErased, isNotHeld, questionOfRecord } from '../of-record.ts'
import type { ExplainSetting } from '../settings.ts'
import { claimsKnown } from './binding.ts'
import { type LimitVerdict, type ReplayedCall, replayLimits, type SpentOf } from './limits.ts'
import { notesOf, settingBehind } from './notes.ts'

/** A call that the next configuration treats in another way, or for which that cannot be told. */
export interface ReplayChange {
  /** Of the record. */
  readonly id: string
  readonly startedAtMs: number
  readonly caller: string | null
  readonly workload: string | null
  /**
   * `refused`: would be refused now. `allowed`: would be allowed now. `otherwise`: refused both times, for another
   * reason. `elsewhere`: other instances. `unknown`: a record does not hold what decides.
   */
  readonly kind: 'refused' | 'allowed' | 'otherwise' | 'elsewhere' | 'unknown'
  /** Code of the refusal under each; null where it is none. */
  readonly codes: { readonly before: string | null; readonly after: string | null }
  /** The words of the refusal, where the call goes, or what is not known. */
  readonly reason: string
  readonly settings: readonly ExplainSetting[]
}

export interface ReplayReport {
  /** Calls that were replayed. */
  readonly calls: number
  readonly same: number
  readonly changes: readonly ReplayChange[]
  /** Copies that the gateway sent by itself: they follow the calls. */
  readonly copies: number
  /** Of the calls, in ms since the epoch; null without any. */
  readonly fromMs: number | null
  readonly toMs: number | null
  /** What cannot be told from records, in sentences. */
  readonly untold: readonly string[]
}

export interface ReplayQuestion {
  readonly before: Config
  readonly after: Config
  readonly rows: readonly RecordRow[]
}

type Verdict =
  | { readonly kind: 'sent'; readonly destination: Destined | null }
  | { readonly kind: 'refused'; readonly answer: ExplainedAnswer; readonly settings: readonly ExplainSetting[] }
  | { readonly kind: 'unknown'; readonly reason: string }

interface Decided {
  readonly row: RecordRow
  readonly before: Verdict
  readonly after: Verdict
}

/** @throws ConfigError when `prices.catalogue` has changed since the configuration was checked. */
export async function replay({ before, after, rows }: ReplayQuestion, spent: SpentOf): Promise<ReplayReport> {
  const calls = rows
    .filter(({ copyKind }) => copyKind === null)
    .toSorted((one, other) => one.startedAtMs - other.startedAtMs || (one.id < other.id ? -1 : 1))
  using old = prepared(before)
  using next = prepared(after)
  const decided: Decided[] = []
  for (const row of calls) decided.push(await decide(row, old.value, next.value))
  const limited = await withLimits(decided, old.value, next.value, spent)
  const changes = limited.flatMap(one => changeOf(one) ?? [])
  return {
    calls: calls.length,
    same: calls.length - changes.length,
    changes: changes.toReversed(),
    copies: rows.length - calls.length,
    fromMs: calls[0]?.startedAtMs ?? null,
    toMs: calls.at(-1)?.startedAtMs ?? null,
    untold: notesOf(calls, before, after),
  }
}

function prepared(config: Config): { readonly value: ExplainedConfig; [Symbol.dispose](): void } {
  const value = prepareExplain(config, () => 0)
  return { value, [Symbol.dispose]: () => value.close() }
}

const erasedReason = 'what its address was: the record was erased'

async function decide(row: RecordRow, old: ExplainedConfig, next: ExplainedConfig): Promise<Decided> {
  if (isErased(row)) {
    const unknown: Verdict = { kind: 'unknown', reason: erasedReason }
    return { row, before: unknown, after: unknown }
  }
  const claims = claimsKnown(row, old.config, next.config)
  const stepsOf = (config: ExplainedConfig, own: typeof claims.before): Promise<ExplainStep[]> =>
    explainWith(config, questionOfRecord(row, own), row.startedAtMs, null)
  const before = verdictOf(await stepsOf(old, claims.before))
  if ('untold' in claims.after) {
    // What comes before the caller is asked of, decides all the same.
    const steps = await stepsOf(next, claims.before)
    const last = verdictOf(steps)
    const isEarlier = last.kind === 'refused' && steps.length <= 2
    return thenRefused(
      row,
      before,
      isEarlier ? last : { kind: 'unknown', reason: claims.after.untold },
      old.config,
      next.config,
    )
  }
  return thenRefused(row, before, verdictOf(await stepsOf(next, claims.after)), old.config, next.config)
}

/** A call that was refused for what its record does not hold, is refused again unless what refused it has changed. */
function thenRefused(row: RecordRow, before: Verdict, after: Verdict, old: Config, next: Config): Decided {
  const { outcome, outcomeCode, status } = row
  const stage = outcome === 'refused' && outcomeCode !== null ? stageOf(outcomeCode) : null
  const againCode = before.kind === 'refused' ? before.answer.code : null
  if (stage === null || outcomeCode === null || !isNotHeld(outcomeCode, againCode)) return { row, before, after }
  const message = `It was refused with ${status} ${outcomeCode}.`
  const answer = { status: status ?? 0, code: outcomeCode, message, type: '', param: null, retryAfterMs: null }
  const then: Verdict = { kind: 'refused', answer, settings: [] }
  if (after.kind === 'refused' && after.answer.code !== 'model_missing') return { row, before: then, after }
  const changed = settingBehind(row, outcomeCode, old, next)
  if (changed === null) return { row, before: then, after: after.kind === 'unknown' ? after : then }
  return { row, before: then, after: { kind: 'unknown', reason: `${changed} has changed: ${whyUntold(stage)}` } }
}

function whyUntold(stage: string): string {
  if (stage === 'admit' || stage === 'dispatch')
    return 'a record of a refused call does not hold how much the call would have used'
  return 'a record does not hold what the body or the token had'
}

function verdictOf(steps: readonly ExplainStep[]): Verdict {
  const last = steps.at(-1)
  if (last?.answer === undefined) return { kind: 'sent', destination: last?.destination ?? null }
  return { kind: 'refused', answer: last.answer, settings: last.settings ?? [] }
}

async function withLimits(
  decided: readonly Decided[],
  old: ExplainedConfig,
  next: ExplainedConfig,
  spent: SpentOf,
): Promise<readonly Decided[]> {
  const under = async (config: ExplainedConfig, side: 'before' | 'after') =>
    replayLimits(
      config,
      decided.flatMap(one => replayedCall(one.row, one[side]) ?? []),
      spent,
    )
  const before = await under(old, 'before')
  const after = await under(next, 'after')
  return decided.map(one => ({
    row: one.row,
    before: limitedBy(one.before, before.get(one.row.id)),
    after: limitedBy(one.after, after.get(one.row.id)),
  }))
}

function replayedCall(row: RecordRow, verdict: Verdict): ReplayedCall | null {
  const caller = callerOfRecord(row)
  if (caller === null || verdict.kind !== 'sent' || verdict.destination === null) return null
  return { row, caller, destination: verdict.destination }
}

function limitedBy(verdict: Verdict, limit: LimitVerdict | undefined): Verdict {
  if (limit === undefined || limit.kind === 'admitted') return verdict
  const { code, status, message, param, retryAfterMs } = limit.refusal
  if (limit.kind === 'waits')
    return { kind: 'unknown', reason: `whether it gets room while it waits in line: ${message}` }
  return { kind: 'refused', answer: { status, code, message, type: '', param, retryAfterMs }, settings: [] }
}

function changeOf({ row, before, after }: Decided): ReplayChange | null {
  const compared = compare(row, before, after)
  if (compared === null) return null
  const { id, startedAtMs, callerName, callerObjectId, workload } = row
  return {
    ...{ id, startedAtMs, caller: callerName ?? callerObjectId, workload },
    codes: { before: codeOf(before), after: codeOf(after) },
    settings: after.kind === 'refused' ? after.settings : [],
    ...compared,
  }
}

function codeOf(verdict: Verdict): string | null {
  return verdict.kind === 'refused' ? verdict.answer.code : null
}

function compare(row: RecordRow, before: Verdict, after: Verdict): Pick<ReplayChange, 'kind' | 'reason'> | null {
  if (isErased(row)) return { kind: 'unknown', reason: erasedReason }
  if (isDeepStrictEqual(before, after)) return null
  if (after.kind === 'unknown') return { kind: 'unknown', reason: after.reason }
  if (before.kind === 'unknown') return { kind: 'unknown', reason: before.reason }
  if (after.kind === 'refused') {
    if (before.kind === 'sent') return { kind: 'refused', reason: after.answer.message }
    return before.answer.code === after.answer.code ? null : { kind: 'otherwise', reason: after.answer.message }
  }
  if (before.kind === 'refused') return { kind: 'allowed', reason: orderText(after.destination) }
  return isElsewhere(row, before.destination, after.destination)
    ? { kind: 'elsewhere', reason: orderText(after.destination) }
    : null
}

/** True where the first instances to be tried are others, or the one that served is not among them any more. */
function isElsewhere({ instance }: RecordRow, before: Destined | null, after: Destined | null): boolean {
  if (before === null || after === null) return before !== after
  if (!isDeepStrictEqual(firstOf(before), firstOf(after))) return true
  return (
    instance !== null &&
    !after.order.flat().some(one => one.instance === instance) &&
    before.order.flat().some(one => one.instance === instance)
  )
}

function firstOf({ order }: Destined): ReadonlySet<string> {
  return new Set((order[0] ?? []).map(({ instance, alias }) => `${instance} ${alias ?? ''}`))
}

function orderText(destination: Destined | null): string {
  if (destination === null) return 'The gateway answers itself.'
  const tiers = destination.order.map(tier =>
    tier.map(({ instance, alias }) => (alias === null ? instance : `${instance} as ${alias}`)).join(' or '),
  )
  return `Goes to ${tiers.join(', then ')}.`
}
