/**
 * All facts about one exchange: a client's call, a copy of one, or a follow-up. It is one object from
 * beginning to end. Each stage takes the type that the stage before it returns, and returns the same object under the
 * next type: nothing is copied, and a stage cannot be forgotten or moved before what it needs.
 *
 *   Exchange -> Resolved -> Authenticated -> Authorized -> Received -> Located -> Admitted
 *
 * Outside this file every fact is read-only. The `note...` functions are the only places that write.
 */
import type { Caller } from '../identity/index.ts'
import type { Instance } from '../instances/index.ts'
import type { CopyKind, Opened } from '../ledger/record.ts'
import type { Lease } from '../limits/index.ts'
import type { Debt } from '../objects/index.ts'
import type { LooseBody } from '../wire/loose.ts'
import type { Call } from './call.ts'
import type { ClaimedDebt } from './follow-ups/index.ts'
import type { Plan } from './plan/index.ts'
import type { Route } from './stages/1-resolve/route.ts'
import type { Grant } from './stages/3-authorize/grant.ts'
import type { ReceivedRequest } from './stages/4-receive/request.ts'

/**
 * An exchange at any point of its way: a fact is null until its stage has found it. What ends an exchange takes this
 * type.
 */
export interface Exchange {
  readonly call: Call
  readonly demonstration: boolean
  /** Whether an address is a proxy's. Null: `X-Forwarded-For` is not read. */
  readonly isProxy: ((address: string) => boolean) | null
  /** The configuration with which the exchange began; a reload does not change it. */
  readonly plan: Plan
  /** Set on an exchange that the gateway sends by itself: a copy of a call, or a follow-up of one. */
  readonly copy: { readonly of: string; readonly kind: CopyKind } | null
  readonly route: Route | null
  readonly caller: Caller | null
  /** The caller's verified token, for instances whose credential is `caller`; empty before it is verified. */
  readonly token: string
  readonly grant: Grant | null
  readonly request: ReceivedRequest | null
  /** Null where any member may serve. */
  readonly home: Home | null
  /** Open debt of the object that the call names, if it was known when the call began. */
  readonly owing: Debt | null
  /**
   * The reservation in limits, settled when the exchange ends, whatever ends it. Null for a call that meets no limit.
   */
  readonly lease: Lease | null
  /**
   * Header fields about limits, names and values in turn: the head of the answer begins with this array. Null for a
   * call that meets no limit.
   */
  readonly limitHeaders: string[] | null
  /** The instance that is tried now; after the end, the one that answered or was tried last. */
  readonly instance: Instance | null
  /** The debt that this exchange charges. */
  readonly charges: ClaimedDebt | null
  /** The record's first half as the journal has it; null before it is there. */
  readonly opened: Opened | null
}

/** The instance to which a call must go, or should go. */
export interface Home {
  /** Null where no member is better than another one. */
  readonly instance: string | null
  /** Set where other members may serve the call too: what each of them is sent in that case. */
  readonly loose: LooseBody | null
}

export interface Resolved extends Exchange {
  readonly route: Route
}

export interface Authenticated extends Resolved {
  readonly caller: Caller
}

export interface Authorized extends Authenticated {
  readonly grant: Grant
}

export interface Received extends Authorized {
  readonly request: ReceivedRequest
}

/** Exists in types only: `home` and `lease` may be null after their stage too, so a mark tells the types apart. */
declare const passed: unique symbol

export interface Located extends Received {
  readonly [passed]: 'locate' | 'admit'
}

export interface Admitted extends Located {
  readonly [passed]: 'admit'
}

/**
 * A question about background work that the gateway asks by itself. No grant where a reload has removed the workload or
 * the target.
 */
export interface FollowUp extends Authenticated {
  readonly request: ReceivedRequest
  readonly owing: Debt
}

/** Settings that every exchange carries, from the configuration with which it begins. */
export type ExchangeSettings = Pick<Exchange, 'demonstration' | 'isProxy' | 'plan'>

/** An exchange of which only the call is known. */
export function newExchange(call: Call, settings: ExchangeSettings, copy: Exchange['copy'] = null): Exchange {
  return {
    call,
    demonstration: settings.demonstration,
    isProxy: settings.isProxy,
    plan: settings.plan,
    copy,
    route: null,
    caller: null,
    token: '',
    grant: null,
    request: null,
    home: null,
    owing: null,
    lease: null,
    limitHeaders: null,
    instance: null,
    charges: null,
    opened: null,
  }
}

type Facts = { -readonly [Fact in keyof Exchange]: Exchange[Fact] }

/** Called by `resolve`. */
export function noteRoute(exchange: Exchange, route: Route): asserts exchange is Resolved {
  const facts: Facts = exchange
  facts.route = route
}

/**
 * Called by `authenticate`: once with what the token says, so that a refusal is recorded under the caller's name, and
 * again with its groups.
 */
export function noteCaller(exchange: Resolved, caller: Caller, token: string): asserts exchange is Authenticated {
  const facts: Facts = exchange
  facts.caller = caller
  facts.token = token
}

/** Called by `authorize`. */
export function noteGrant(exchange: Authenticated, grant: Grant): asserts exchange is Authorized {
  const facts: Facts = exchange
  facts.grant = grant
}

/** Called by `receive`. */
export function noteRequest<E extends Authenticated>(
  exchange: E,
  request: ReceivedRequest,
): asserts exchange is E & { readonly request: ReceivedRequest } {
  const facts: Facts = exchange
  facts.request = request
}

/** Called by `locate`. @param owing what the object that the call names still owes. */
export function noteHome(exchange: Received, home: Home | null, owing: Debt | null): asserts exchange is Located {
  const facts: Facts = exchange
  facts.home = home
  facts.owing = owing
}

/** Called by `admit`. */
export function noteLease(exchange: Located, lease: Lease | null): asserts exchange is Admitted {
  const facts: Facts = exchange
  facts.lease = lease
}

/** Called by `admit`. */
export function noteLimitHeaders(exchange: Exchange, headers: string[] | null): void {
  const facts: Facts = exchange
  facts.limitHeaders = headers
}

/**
 * Called by whatever sends the exchange to an instance, before it sends, and again when another instance answered in
 * the end.
 */
export function noteInstance(exchange: Exchange, instance: Instance | null): void {
  const facts: Facts = exchange
  facts.instance = instance
}

/** Called once `opened` is in the journal. */
export function noteOpened(exchange: Exchange, opened: Opened): void {
  const facts: Facts = exchange
  facts.opened = opened
}

/** Called when the exchange has obtained the right to charge a debt. */
export function noteCharge(exchange: Exchange, collected: ClaimedDebt): void {
  const facts: Facts = exchange
  facts.charges = collected
}

/** Called for a follow-up, which is about a debt from its beginning. */
export function noteDebt<E extends Exchange>(
  exchange: E,
  owing: Debt,
): asserts exchange is E & { readonly owing: Debt } {
  const facts: Facts = exchange
  facts.owing = owing
}
