/**
 * Admit: reserves what a call may need with every limit that it meets, or refuses it. It stands behind `receive`, which knows how long
 * the prompt is and which maximum it names, and before anything that can bill.
 */

import type { Caller } from '../../identity/index.ts'
import type { Admission, Ask, Lease, Meets, Waiting } from '../../limits/index.ts'
import type { Price } from '../../prices/index.ts'
import type { Grant } from '../authorize/index.ts'
import type { Exchange } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'
import type { Asked } from '../receive/index.ts'
import { promptOf } from '../record/bound.ts'
import type { Route } from '../resolve/index.ts'
import { limitHeaders } from './headers.ts'
import { refusalOfDenial } from './refusals.ts'
import { CallWaiting } from './waiting.ts'

/**
 * @returns null for a call that meets no limit.
 * @throws Refusal token_limit_reached, request_limit_reached, concurrency_limit_reached, cost_limit_reached, budget_exhausted,
 *   request_exceeds_limit, limits_unavailable, shutting_down; ClientLeft
 */
export function admit(exchange: Exchange, parts: GatewayParts): Promise<Lease | null> | Lease | null {
  if (!isReceived(exchange)) throw new TypeError('admit stands behind receive')
  const { limits } = parts
  const meets = limits.meets(exchange.grant.workload.name, exchange.asked.deployment)
  if (meets === null) return null
  const ask = askOf(exchange, meets, parts)
  // A copy that the gateway sends by itself must not stand before a client.
  if (!limits.line.isOpen || exchange.copy !== null)
    return granted(limits.admit(meets, ask, noWaiting), exchange, parts)
  const waiting = new CallWaiting(exchange.call, parts.totalMs)
  return granted(limits.admit(meets, ask, waiting), exchange, parts, waiting)
}

/** What is known of a call behind `receive`. */
type Received = Exchange & {
  readonly caller: Caller
  readonly grant: Grant
  readonly asked: Asked
  readonly route: Route
}

function isReceived(exchange: Exchange): exchange is Received {
  const { caller, grant, asked, route } = exchange
  return caller !== null && grant !== null && asked !== null && route !== null
}

const noWaiting: Waiting = { deadlineAt: 0, signal: null }

function granted(
  admission: Admission | Promise<Admission>,
  exchange: Exchange,
  parts: GatewayParts,
  waiting: CallWaiting | null = null,
): Lease | Promise<Lease> {
  if (admission instanceof Promise) return admission.then(found => granted(found, exchange, parts, waiting))
  const { lease, denial } = admission
  // Known before anything can throw: whatever happens now, it is settled.
  exchange.lease = lease
  waiting?.end()
  if (denial !== null) throw refusalOfDenial(denial, exchange.grant?.workload.name ?? '', parts.prices.currency)
  // Now, while the processor's cache has what they are made of: once the answer is there it costs several times as much.
  exchange.limitHeaders = limitHeaders(lease)
  return lease
}

const nothing = {
  tokens: 0,
  costNano: 0,
  leastTokens: 0,
  prompt: { textBytes: 0, media: 0, soundTokens: 0, stored: 0 },
  promptTokens: 0,
  maximumGiven: true,
}
/** Absurd maxima must not overflow: no limit is larger than this. */
const completionTokensMost = 1_000_000_000_000

/** @returns zeros for operations that bill nothing: they are counted as requests and calls in flight alone. */
function askOf({ call, caller, grant, asked, route }: Received, meets: Meets, { prices }: GatewayParts): Ask {
  const { priority } = grant.workload
  const { usage, creates } = route.operation
  // What its lines may need is known when it has ended; until then it is reserved at what batches of the workload were seen to need.
  if (creates === 'batch' && call.method === 'POST') {
    return { caller, priority, ...nothing, tokens: meets.completionTokens(), maximumGiven: false }
  }
  if (usage === 'none' || asked.deployment === null || asked.send === null || !(meets.tokens || meets.cost)) {
    return { caller, priority, ...nothing }
  }
  const prompt = promptOf(asked)
  const promptTokens = meets.promptTokens(prompt)
  const maximumGiven = asked.completionTokensMax !== null || usage === 'input-only'
  const most = Math.min(asked.completionTokensMax ?? meets.completionTokens() * asked.answers, completionTokensMost)
  const completionTokens = usage === 'input-only' ? 0 : most
  const price = meets.cost ? prices.priceOf(null, meets.model, call.startedAtMs) : null
  return {
    caller,
    priority,
    tokens: promptTokens + completionTokens,
    costNano: costOf(promptTokens, completionTokens, price),
    // The prompt is estimated: a call is told that it can never pass only when it could not with half of that either.
    leastTokens: (promptTokens >> 1) + (maximumGiven ? completionTokens : 0),
    prompt,
    promptTokens,
    // Several answers together say nothing of how long one is.
    maximumGiven: maximumGiven || asked.answers > 1,
  }
}

function costOf(promptTokens: number, completionTokens: number, price: Price | null): number {
  return price === null ? 0 : Math.round(promptTokens * price.inputNano + completionTokens * price.outputNano)
}
