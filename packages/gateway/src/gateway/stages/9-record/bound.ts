/**
 * The bound: the charge for a call whose usage is unknown. It is what was reserved for the call, or would have been.
 */
import type { Limits, PromptSize } from '../../../limits/index.ts'
import { promptSizeOf } from '../../../limits/rules/prompt-size.ts'
import { type Usage, unreportedUsage } from '../../../wire/usage.ts'
import type { Authenticated } from '../../exchange.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'

/** Whole tokens, 0 or more. */
export interface Bound {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** An upload, or the file of a batch, counts as one medium, whatever is in it. */
const uploaded: PromptSize = { textBytes: 0, media: 1, soundTokens: 0, stored: 0 }
/** Absurd maxima must not overflow a column of the ledger. */
const tokensMost = 1_000_000_000

/** Number of stored objects that become part of the prompt. The content of echoed items is already in the body. */
export function storedIn({ references }: ReceivedRequest): number {
  return references.reduce((sum, { echoed }) => (echoed ? sum : sum + 1), 0)
}

/** The size of a call's prompt. */
export function promptOf(request: ReceivedRequest): PromptSize {
  return request.json === null ? uploaded : promptSizeOf(request.json.body, storedIn(request))
}

/**
 * The reservation of the call before it was sent. For a call without a limit on tokens: the estimate for such calls,
 * and before anything was learned, `limits.completionTokensAssumed`.
 */
export function boundOf(exchange: Authenticated, { limits }: { readonly limits: Pick<Limits, 'learned'> }): Bound {
  const { lease, request, grant, route } = exchange
  if (lease !== null && lease.ask.tokens > 0) {
    const { promptTokens, tokens } = lease.ask
    return { promptTokens, completionTokens: Math.max(0, tokens - promptTokens) }
  }
  const learned = limits.learned(grant?.workload.name ?? '', request?.deployment ?? null)
  const prompt = request === null ? uploaded : promptOf(request)
  const completionTokens = request?.completionTokensMax ?? learned.completionTokens() * (request?.answers ?? 1)
  return {
    promptTokens: learned.promptTokens(prompt),
    completionTokens: route.operation.usage === 'input-only' ? 0 : Math.min(completionTokens, tokensMost),
  }
}

/** The bound as usage. */
export function boundedUsage({ promptTokens, completionTokens }: Bound): Usage {
  return unreportedUsage('bounded', promptTokens, completionTokens)
}
