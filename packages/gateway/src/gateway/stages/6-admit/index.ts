/**
 * Admit: reserves what a call may need in every limit that it meets, or refuses it. It comes after `receive`, which
 * knows the length of the prompt and the maximum that the call names, and before anything that can bill.
 */
import type { Admission, Ask, MetLimits, WaitBounds } from '../../../limits/index.ts'
import type { Price, PriceBook } from '../../../prices/index.ts'
import { type Admitted, type Located, noteLease, noteLimitHeaders, type Received } from '../../exchange.ts'
import type { GatewayParts } from '../../parts.ts'
import { promptOf } from '../9-record/bound.ts'
import { limitHeaders } from './headers.ts'
import { madeOf, refusalOfDenial } from './refusals.ts'
import { CallWaiting } from './waiting.ts'

export interface AdmitParts extends Pick<GatewayParts, 'limits' | 'totalMs'> {
  readonly prices: Pick<PriceBook, 'priceOf' | 'currency'>
}

/**
 * @throws Refusal token_limit_reached, request_limit_reached, concurrency_limit_reached, cost_limit_reached,
 *   budget_exhausted, request_exceeds_limit, limits_unavailable, shutting_down; ClientLeft
 */
export function admit(exchange: Located, parts: AdmitParts): Promise<Admitted> | Admitted {
  const { limits } = parts
  const meets = limits.meets(exchange.grant.workload.name, exchange.request.deployment)
  if (meets === null) {
    noteLease(exchange, null)
    return exchange
  }
  const ask = askOf(exchange, meets, parts)
  // A copy never waits: it must not take room that a client's call waits for.
  if (!limits.line.isOpen || exchange.copy !== null)
    return granted(limits.admit(meets, ask, noWaiting), exchange, parts)
  const waiting = new CallWaiting(exchange.call, parts.totalMs)
  return granted(limits.admit(meets, ask, waiting), exchange, parts, waiting)
}

const noWaiting: WaitBounds = { deadlineAt: 0, signal: null }

function granted(
  admission: Admission | Promise<Admission>,
  exchange: Located,
  parts: AdmitParts,
  waiting: CallWaiting | null = null,
): Admitted | Promise<Admitted> {
  if (admission instanceof Promise) return admission.then(found => granted(found, exchange, parts, waiting))
  const { lease, denial } = admission
  // Noted before anything can throw: whatever happens now, the lease is settled.
  noteLease(exchange, lease)
  waiting?.end()
  if (denial !== null) {
    const { name } = exchange.grant.workload
    const meets = parts.limits.meets(name, exchange.request.deployment)
    const made = meets === null ? '' : madeOf(exchange, askOf(exchange, meets, parts))
    throw refusalOfDenial(denial, name, parts.prices.currency, made)
  }
  // Made now, while the processor's cache has their data: once the answer is there, it costs several times as much.
  noteLimitHeaders(exchange, limitHeaders(lease))
  return exchange
}

const nothing = {
  tokens: 0,
  costNano: 0,
  leastTokens: 0,
  prompt: { textBytes: 0, media: 0, soundTokens: 0, stored: 0 },
  promptTokens: 0,
  maximumGiven: true,
}
/** Absurd maxima must not overflow. No limit is larger than this. */
const completionTokensMost = 1_000_000_000_000

/** @returns zeros for operations that bill nothing: they only count as requests and calls in flight. */
export function askOf(
  { call, caller, grant, request, route }: Received,
  meets: MetLimits,
  { prices }: Pick<AdmitParts, 'prices'>,
): Ask {
  const { priority } = grant.workload
  const { usage, creates } = route.operation
  // The usage of a batch is known when it has ended. Until then, reserve what earlier batches of the workload needed.
  if (creates === 'batch' && call.method === 'POST') {
    return { caller, priority, ...nothing, tokens: meets.completionTokens(), maximumGiven: false }
  }
  if (usage === 'none' || request.deployment === null || request.send === null || !(meets.tokens || meets.cost)) {
    return { caller, priority, ...nothing }
  }
  const prompt = promptOf(request)
  const promptTokens = meets.promptTokens(prompt)
  const maximumGiven = request.completionTokensMax !== null || usage === 'input-only'
  const most = Math.min(request.completionTokensMax ?? meets.completionTokens() * request.answers, completionTokensMost)
  const completionTokens = usage === 'input-only' ? 0 : most
  const price = meets.cost ? prices.priceOf(null, meets.model, call.startedAtMs) : null
  return {
    caller,
    priority,
    tokens: promptTokens + completionTokens,
    costNano: costOf(promptTokens, completionTokens, price),
    // The prompt is an estimate: a call is refused as too large for a limit only if half of the estimate would be too
    // large as well.
    leastTokens: (promptTokens >> 1) + (maximumGiven ? completionTokens : 0),
    prompt,
    promptTokens,
    // The usage of several answers together does not say how long one answer is.
    maximumGiven: maximumGiven || request.answers > 1,
  }
}

function costOf(promptTokens: number, completionTokens: number, price: Price | null): number {
  return price === null ? 0 : Math.round(promptTokens * price.inputNano + completionTokens * price.outputNano)
}
