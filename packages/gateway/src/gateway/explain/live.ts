/** What the running process knows: the room that limits have now, and the members that take calls now. */
import { callerKey } from '../../identity/index.ts'
import type { Candidate, Candidates } from '../../instances/pool.ts'
import type { Ask, Limits, RuleFacts, RuleReport } from '../../limits/index.ts'
import type { PriceBook } from '../../prices/index.ts'
import type { Received } from '../exchange.ts'
import type { Plan } from '../plan/index.ts'
import type { Refusal } from '../refusals.ts'
import type { OwnerParts } from '../stages/5-locate/owner.ts'
import { askOf } from '../stages/6-admit/index.ts'
import { madeOf, refusalOfDenial } from '../stages/6-admit/refusals.ts'
import { TargetMembers } from '../stages/7-dispatch/members.ts'

export interface LiveParts {
  /** With the instances that calls go to. */
  readonly plan: Plan
  readonly limits: Pick<Limits, 'meets' | 'preview' | 'report'>
  readonly prices: PriceBook
  readonly objects: OwnerParts['objects']
}

/** What limits say to the call now. */
export interface Room {
  /** By `RULE MEASURE`: ` · 12,345 used, 4,000 reserved, 43,655 left`. */
  readonly uses: ReadonlyMap<string, string>
  readonly note: string | null
}

/** @throws Refusal as `admit` does */
export async function roomFor(exchange: Received, { limits, prices }: LiveParts): Promise<Room> {
  const { workload } = exchange.grant
  const { rules } = await limits.report()
  const uses = usesOf(rules, exchange)
  const asked = askFor(exchange, { limits, prices })
  if (asked === null) return { uses, note: null }
  const preview = limits.preview(asked.met, asked.ask, null)
  switch (preview.kind) {
    case 'refused':
      throw refusalOfDenial(preview.denial, workload.name, prices.currency, madeOf(exchange, asked.ask))
    case 'waits':
      return { uses, note: 'There is no room right now, so the call would wait in line.' }
    case 'unknown':
      return { uses, note: 'The counters are in Redis: whether there is room is only known when a call comes.' }
    case 'admitted':
      return { uses, note: null }
    default:
      return preview satisfies never
  }
}

function askFor(exchange: Received, parts: Pick<LiveParts, 'limits' | 'prices'>) {
  const met = parts.limits.meets(exchange.grant.workload.name, exchange.request.deployment)
  return met === null ? null : { met, ask: askOf(exchange, met, parts) satisfies Ask }
}

function usesOf(rules: readonly RuleReport[], { caller }: Received): ReadonlyMap<string, string> {
  const key = callerKey(caller)
  const own = rules.filter(({ subject }) => subject === null || subject === key)
  return new Map(own.map(report => [`${report.rule} ${report.measure}`, useText(report)]))
}

/** Amounts of cost are in billionths. */
function useText({ measure, used, reserved, remaining }: RuleReport): string {
  const amount = (value: number): string =>
    (measure.startsWith('cost') ? value / 1e9 : value).toLocaleString('en-GB', { maximumFractionDigits: 6 })
  const held = reserved === 0 ? '' : `, ${amount(reserved)} reserved`
  return `: ${amount(used)} used${held}, ${amount(remaining)} left`
}

export function useOf({ uses }: Room, { rule, measure }: RuleFacts): string {
  return uses.get(`${rule} ${measure}`) ?? ''
}

/** Why a member takes no calls now; null for one that does. */
function closedText({ instance, lane }: Candidate, nowMs: number): string | null {
  if (lane.isDrained) return `${instance.name} is drained: an operator keeps new calls away.`
  if (lane.admits(nowMs)) return null
  return `${instance.name} is not used for ${Math.ceil(lane.waitMs(nowMs) / 1_000)} s (${lane.breaker.reason ?? 'failures'}).`
}

/**
 * What would come of the call at its members now.
 * @returns a line for each member that takes no calls.
 * @throws Refusal as `dispatch` does before it sends
 */
export function reachNow(
  exchange: Received,
  candidates: Candidates,
  live: LiveParts,
  nowMs: number,
): readonly string[] {
  const { grant, request } = exchange
  const closed = candidates.all.flatMap(one => closedText(one, nowMs) ?? [])
  const open = candidates.all.filter(({ lane }) => lane.admits(nowMs))
  const members = new TargetMembers({
    target: grant.target,
    candidates,
    home: null,
    mayLeaveHome: false,
    prefixHash: -1,
    clock: () => nowMs,
  })
  // The only member gets the call in any case: its own answer says more than a refusal.
  const tried = open.length === 0 && members.only !== null ? [members.only] : open
  if (tried.length === 0) throw members.refusal(request.deployment ?? '')
  const denials = tried.flatMap(one => denialAt(exchange, one, live) ?? [])
  if (denials.length < tried.length) return [...closed, ...denials.map(({ text }) => text)]
  const [first, ...others] = denials
  const soonest = others.reduce(
    (one, other) => (other.denial.retryAfterMs < one.denial.retryAfterMs ? other : one),
    first as NonNullable<typeof first>,
  )
  throw soonest.refusal
}

function denialAt(exchange: Received, { instance, lane }: Candidate, { limits, prices }: LiveParts) {
  const asked = askFor(exchange, { limits, prices })
  if (asked === null) return null
  const place = { name: instance.name, deployment: lane.deployment === '' ? null : lane.deployment }
  const preview = limits.preview(asked.met, asked.ask, place)
  if (preview.kind !== 'refused') return null
  const { name: workload } = exchange.grant.workload
  const refusal = refusalOfDenial(preview.denial, workload, prices.currency, madeOf(exchange, asked.ask))
  return { denial: preview.denial, refusal, text: `${instance.name} is skipped: ${refusal.message}` }
}

/** The settings and texts that a refusal of limits is about. */
export function isOfRule(refusal: Refusal, { rule }: RuleFacts): boolean {
  return refusal.details['rule'] === rule
}
