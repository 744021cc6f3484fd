/**
 * Admit: reserves what a call may need with every limit that it meets, or refuses it. It stands behind `receive`, which knows how long
 * the prompt is and which maximum it names, and before anything that can bill.
 */

import { promptSizeOf } from '../../limits/estimates.ts'
import type { Admission, Ask, Lease, Meets, PromptSize, Waiting } from '../../limits/index.ts'
import type { Price } from '../../prices/index.ts'
import type { Operation } from '../../wire/operations.ts'
import type { Asked } from '../receive/index.ts'
import type { Account } from '../record/index.ts'
import type { GatewayParts } from '../serve.ts'
import { refusalOfDenial } from './refusals.ts'
import { CallWaiting } from './waiting.ts'

/**
 * @returns null for a call that meets no limit.
 * @throws Refusal token_limit_reached, request_limit_reached, concurrency_limit_reached, cost_limit_reached, budget_exhausted,
 *   request_exceeds_limit, limits_unavailable, shutting_down; ClientLeft
 */
export function admit(account: Account, parts: GatewayParts): Promise<Lease | null> | Lease | null {
  const { call, caller, grant, asked, route } = account
  if (caller === null || grant === null || asked === null || route === null) {
    throw new TypeError('admit stands behind receive')
  }
  const { limits } = parts
  const { workload } = grant
  const meets = limits.meets(workload.name, asked.deployment)
  if (meets === null) return null
  const ask = askOf(account, route.operation, asked, meets, parts)
  const { name, priority } = workload
  const subject = { caller, workload: name, priority, deployment: asked.deployment }
  // A copy that the gateway sends by itself must not stand before a client.
  if (!limits.line.isOpen || account.copy !== null)
    return granted(limits.admit(subject, ask, noWaiting), account, parts)
  const waiting = new CallWaiting(call, parts.totalMs)
  return granted(limits.admit(subject, ask, waiting), account, parts, waiting)
}

const noWaiting: Waiting = { deadlineAt: 0, signal: null }

function granted(
  admission: Admission | Promise<Admission>,
  account: Account,
  parts: GatewayParts,
  waiting: CallWaiting | null = null,
): Lease | Promise<Lease> {
  if (admission instanceof Promise) return admission.then(found => granted(found, account, parts, waiting))
  const { lease, denial } = admission
  // Known before anything can throw: whatever happens now, it is settled.
  account.lease = lease
  waiting?.end()
  if (denial !== null) throw refusalOfDenial(denial, account.grant?.workload.name ?? '', parts.prices.currency)
  return lease
}

const nothing: Ask = {
  tokens: 0,
  costNano: 0,
  leastTokens: 0,
  prompt: { textBytes: 0, media: 0, stored: 0 },
  promptTokens: 0,
  maximumGiven: true,
}
/** Absurd maxima must not overflow: no limit is larger than this. */
const completionTokensMost = 1_000_000_000_000
/** An upload is a medium, whatever is in it. */
const uploaded: PromptSize = { textBytes: 0, media: 1, stored: 0 }

/** @returns zeros for operations that bill nothing: they are counted as requests and calls in flight alone. */
function askOf({ call }: Account, operation: Operation, asked: Asked, meets: Meets, parts: GatewayParts): Ask {
  if (operation.usage === 'none' || asked.deployment === null || asked.send === null) return nothing
  if (!meets.tokens && !meets.cost) return nothing
  const prompt = asked.json === null ? uploaded : promptSizeOf(asked.json.body, asked.references.length)
  const promptTokens = meets.promptTokens(prompt)
  const maximumGiven = asked.completionTokensMax !== null || operation.usage === 'input-only'
  const most = Math.min(asked.completionTokensMax ?? meets.completionTokens(), completionTokensMost)
  const completionTokens = operation.usage === 'input-only' ? 0 : most
  return {
    tokens: promptTokens + completionTokens,
    costNano: meets.cost
      ? costOf(promptTokens, completionTokens, parts.prices.priceOf(null, meets.model, call.startedAtMs))
      : 0,
    // The prompt is estimated: a call is told that it can never pass only when it could not with half of that either.
    leastTokens: (promptTokens >> 1) + (maximumGiven ? completionTokens : 0),
    prompt,
    promptTokens,
    maximumGiven,
  }
}

function costOf(promptTokens: number, completionTokens: number, price: Price | null): number {
  return price === null ? 0 : Math.round(promptTokens * price.inputNano + completionTokens * price.outputNano)
}
