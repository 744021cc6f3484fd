/** What the gateway knows about one exchange: a client's call, a copy of one, or a follow-up. */
import type { Caller } from '../identity/index.ts'
import type { Instance } from '../instances/index.ts'
import type { CopyKind } from '../ledger/record.ts'
import type { Lease } from '../limits/index.ts'
import type { Debt } from '../objects/index.ts'
import type { Grant } from './authorize/index.ts'
import type { Call } from './call.ts'
import type { Collected } from './follow-ups/index.ts'
import type { Plan } from './plan.ts'
import type { Asked } from './receive/index.ts'
import type { Route } from './resolve/index.ts'

/** What is known of an exchange so far; each stage adds its own result. */
export interface Exchange {
  readonly call: Call
  readonly demonstration: boolean
  readonly trustForwardedFor: boolean
  readonly plan: Plan
  route: Route | null
  caller: Caller | null
  /** The caller's verified token, for instances whose credential is `caller`; empty before. */
  token: string
  grant: Grant | null
  asked: Asked | null
  /** What was reserved; settled where the exchange ends, on whichever line. */
  lease: Lease | null
  /** Header fields about limits for the answer, names and values in turn: what the answer's head is begun with. Null for a call that met none. */
  limitHeaders: string[] | null
  /** The instance that is tried, at last the one that answered. Written by `dispatch`. */
  instance: Instance | null
  /** Set on a copy that the gateway sends by itself. */
  readonly copy: { readonly of: string; readonly kind: CopyKind } | null
  /** What the object that the call is about owes, where that is known when the call begins. */
  owing: Debt | null
  /** The debt that this exchange charges. Written where its usage is found. */
  charges: Collected | null
  /** True once `opened` is in the journal. */
  isOpen: boolean
}

/** An exchange of which only the call is known yet. */
export function newExchange(
  call: Call,
  parts: Pick<Exchange, 'demonstration' | 'trustForwardedFor' | 'plan'>,
): Exchange {
  return {
    call,
    demonstration: parts.demonstration,
    trustForwardedFor: parts.trustForwardedFor,
    plan: parts.plan,
    route: null,
    caller: null,
    token: '',
    grant: null,
    asked: null,
    lease: null,
    limitHeaders: null,
    instance: null,
    copy: null,
    owing: null,
    charges: null,
    isOpen: false,
  }
}
