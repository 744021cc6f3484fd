import type { Journal } from '../../ledger/index.ts'
import { noUsage, type Usage } from '../../ledger/record.ts'
import type { Limits } from '../../limits/index.ts'
import type { TokenCounter } from '../../tokens/index.ts'
import { isEventStream } from '../../wire/mediaTypes.ts'
import type { FollowUps } from '../follow-ups/index.ts'
import type { Relayed } from '../relay/index.ts'
import type { Account } from './index.ts'
import { beginDebt, isBegun, usageOfObject } from './later.ts'

/**
 * What the backend reported, or, where it billed without reporting (the client or the backend left early, old versions, a
 * prompt that the content filter refused), what our tokenizer counts in the text. Counting happens in a worker.
 */
export async function usageOf(
  account: Account,
  relayed: Relayed,
  parts: {
    readonly counter: TokenCounter
    readonly journal: Journal
    readonly limits: Pick<Limits, 'learned'>
    readonly followUps: FollowUps
  },
): Promise<Usage> {
  const { learned, status } = relayed
  const { route, asked, instance } = account
  if (route?.operation.usage === 'none' && route.operation.object !== null) {
    return usageOfObject(account, relayed, parts)
  }
  if (learned.usage !== null) return learned.usage
  if (isBegun(account, relayed)) return beginDebt(account, relayed, parts)
  if (route === null || asked === null || instance === null || asked.deployment === null) return noUsage
  // Nothing was sent, so nothing was billed.
  if (relayed.sentAtMs === null || route.operation.usage === 'none') return noUsage
  // An error is not billed, but for a prompt that had to be read to be refused (content-streaming.md).
  if (status !== null && status >= 400 && learned.errorCode !== 'content_filter') return noUsage
  const counted = await parts.counter.count({
    model: instance.deployments.get(relayed.servedDeployment ?? asked.deployment)?.model ?? asked.deployment,
    operation: route.operation.name,
    requestBody: asked.received,
    responseBody: status === null || status >= 400 ? [] : await responseBytes(account, relayed, parts.journal),
    stream: asked.stream || isEventStream(relayed.contentType),
  })
  if (counted.promptTokens === null && counted.completionTokens === null) return noUsage
  return {
    ...noUsage,
    source: 'counted',
    promptTokens: counted.promptTokens,
    completionTokens: counted.completionTokens ?? 0,
    totalTokens: (counted.promptTokens ?? 0) + (counted.completionTokens ?? 0),
  }
}

/** All that came of the answer: long ones have left the memory and are read back from the journal. */
async function responseBytes(account: Account, relayed: Relayed, journal: Journal): Promise<readonly Buffer[]> {
  if (!relayed.progressed) return relayed.unwritten
  return [...(await journal.written(account.call.id, 'response')), ...relayed.unwritten]
}
