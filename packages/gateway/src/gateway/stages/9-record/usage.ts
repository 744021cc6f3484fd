import type { Journal } from '../../../ledger/index.ts'
import { LedgerError } from '../../../ledger/index.ts'
import type { Limits } from '../../../limits/index.ts'
import type { Log } from '../../../log.ts'
import type { CountedTokens, TokenCounter } from '../../../tokens/index.ts'
import { isUnmeteredModel } from '../../../wire/models.ts'
import type { Operation } from '../../../wire/operations.ts'
import { noUsage, type Usage, unreportedUsage } from '../../../wire/usage.ts'
import type { Authenticated } from '../../exchange.ts'
import type { FollowUps } from '../../follow-ups/index.ts'
import type { Relayed } from '../../relayed.ts'
import { aboutCall } from '../../trace.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'
import { boundedUsage, boundOf, storedIn } from './bound.ts'
import { beginDebt, isBatchUnseen, isBegun, usageOfObject } from './later.ts'
import type { NeedsSeen } from './needs.ts'
import type { Unseen } from './unseen.ts'

interface UsageParts {
  readonly counter: TokenCounter
  readonly journal: Journal
  readonly limits: Pick<Limits, 'learned'>
  readonly followUps: Pick<FollowUps, 'add' | 'raiseBound' | 'claim' | 'noteSilentEnd' | 'queueAnswersFile'>
  readonly guards: { readonly unseen: Unseen }
  readonly log: Log
}

/**
 * The usage of a call, from the best source there is:
 * 1. reported: the backend reported it at the end of its answer.
 * 2. counted: the answer came whole and its text is all that is billed (old API versions, other models), so the
 *   tokenizer counts it.
 * 3. bounded: the end was not seen (the client or the backend left early), the answer cannot be read, or the model may
 *   think unseen. The bound is at least what passed, what was reserved, and what calls of the deployment needed. It is
 *   never small because little was seen.
 */
export async function usageOf(exchange: Authenticated, relayed: Relayed, parts: UsageParts): Promise<Usage> {
  const { learned } = relayed
  const { route, request } = exchange
  if (route.operation.usage === 'none' && route.operation.object !== null) {
    return usageOfObject(exchange, relayed, parts)
  }
  if (learned.usage !== null && (relayed.ending === 'whole' || !learned.usageSoFar)) {
    if (request?.deployment != null) parts.guards.unseen.needs.learn(request.deployment, learned.usage)
    return learned.usage
  }
  const sent = sentOf(exchange, relayed)
  if (isBegun(exchange, relayed)) {
    // Before the first await: the client may ask for the object at once.
    const owed = beginDebt(exchange, relayed, parts)
    if (sent !== null && relayed.isEventStream) {
      // A stream that the client left may have shown more than was reserved.
      const { completionTokens } = await count(exchange, sent, relayed, parts)
      parts.followUps.raiseBound(learned.objectId ?? '', completionTokens ?? 0)
    }
    return owed
  }
  if (isBatchUnseen(exchange, relayed)) return boundedUsage(boundOf(exchange, parts))
  if (sent === null) return noUsage
  // Errors are not billed, except a prompt that the content filter had to read in order to refuse it.
  if (isError(relayed)) return isOfPrompt(relayed) ? promptUsage(exchange, sent, relayed, parts) : noUsage
  if (isUnmetered(sent, relayed)) return noUsage
  const counted = await count(exchange, sent, relayed, parts)
  if (isKnown(sent, relayed, counted, parts.guards.unseen.needs)) return countedUsage(counted)
  return bounded(exchange, sent, relayed, counted, parts)
}

/** A call that a backend may have billed by tokens. */
interface TokenCall {
  readonly operation: Operation
  readonly request: ReceivedRequest
  readonly deployment: string
  readonly model: string
}

/** Null when nothing was billed: nothing was sent, only half of a request was sent, or the operation has no tokens. */
function sentOf(
  { route, request, instance, call }: Authenticated,
  { sentAtMs, servedDeployment, status }: Relayed,
): TokenCall | null {
  if (request === null || instance === null || request.deployment === null || sentAtMs === null) return null
  if (route.operation.usage === 'none') return null
  if (status === null && request.send === 'upload' && !call.req.complete) return null
  const model = instance.deployments.get(servedDeployment ?? request.deployment)?.model ?? request.deployment
  return { operation: route.operation, request, deployment: request.deployment, model }
}

function isError({ status }: Relayed): boolean {
  return status !== null && status >= 400
}

/** True for a refusal by the content filter, and for one that broke off before it named its code: it may be one. */
function isOfPrompt({ status, ending, learned }: Relayed): boolean {
  return learned.errorCode === 'content_filter' || (status === 400 && ending !== 'whole' && learned.errorCode === null)
}

/** True for calls that are billed by pictures, seconds or characters: they never report tokens. */
function isUnmetered({ operation, model }: TokenCall, { ending, learned }: Relayed): boolean {
  const speaks =
    operation.usage === 'chat' || operation.usage === 'input-only' || operation.name.startsWith('responses')
  if (speaks) return false
  // A whole document without tokens has none.
  return isUnmeteredModel(model) || (ending === 'whole' && learned.isFinished)
}

/** True when the text that passed is all that is billed. */
function isKnown(
  { operation, deployment, model }: TokenCall,
  relayed: Relayed,
  counted: CountedTokens,
  needs: NeedsSeen,
): boolean {
  if (counted.promptTokens === null) return false
  if (operation.usage === 'input-only') return true
  const { ending, learned, isKeptWhole } = relayed
  if (counted.completionTokens === null || ending !== 'whole' || !isKeptWhole) return false
  if (!learned.isFinished || learned.errorInStream || learned.finishReason === 'content_filter') return false
  return !needs.mayHide(deployment, model)
}

function countedUsage({ promptTokens, completionTokens }: CountedTokens): Usage {
  return unreportedUsage('counted', promptTokens, completionTokens ?? 0)
}

async function promptUsage(
  exchange: Authenticated,
  sent: TokenCall,
  relayed: Relayed,
  parts: UsageParts,
): Promise<Usage> {
  const { promptTokens } = await count(exchange, sent, relayed, parts)
  if (promptTokens !== null && relayed.learned.errorCode !== null)
    return countedUsage({ promptTokens, completionTokens: 0 })
  return boundedUsage({ promptTokens: promptTokens ?? boundOf(exchange, parts).promptTokens, completionTokens: 0 })
}

function bounded(
  exchange: Authenticated,
  { request, deployment }: TokenCall,
  { learned }: Relayed,
  counted: CountedTokens,
  parts: UsageParts,
): Usage {
  const bound = boundOf(exchange, parts)
  const needs = parts.guards.unseen.needs.of(deployment)
  const passed = (counted.completionTokens ?? 0) + needs.hidden
  // Without a maximum the estimate is an average. A call whose end was not seen is charged at the most that is known.
  const unlimited =
    request.completionTokensMax === null ? Math.max(needs.completion, parts.guards.unseen.completionTokensAssumed) : 0
  // The text does not contain what the instance adds to the prompt from stored objects.
  const isReadable = counted.promptTokens !== null && storedIn(request) === 0
  const promptTokens = isReadable
    ? (counted.promptTokens ?? 0)
    : Math.max(counted.promptTokens ?? 0, bound.promptTokens)
  return boundedUsage({
    promptTokens: Math.max(promptTokens, learned.usage?.promptTokens ?? 0),
    completionTokens: Math.max(passed, unlimited, bound.completionTokens, learned.usage?.completionTokens ?? 0),
  })
}

/** Counts in a worker; null for what cannot be counted. */
async function count(
  exchange: Authenticated,
  { operation, request, model }: TokenCall,
  relayed: Relayed,
  parts: UsageParts,
): Promise<CountedTokens> {
  return parts.counter.count({
    model,
    operation: operation.name,
    requestBody: request.received,
    responseBody: isError(relayed) ? [] : await responseBytes(exchange, relayed, parts),
    stream: request.stream || relayed.isEventStream,
  })
}

/** All bytes of the answer that came. Those of a long answer are read back from the journal. */
async function responseBytes(
  exchange: Authenticated,
  relayed: Relayed,
  { journal, log }: UsageParts,
): Promise<readonly Buffer[]> {
  if (!relayed.progressed) return relayed.unwritten
  try {
    return [...(await journal.written(exchange.call.id, 'response')), ...relayed.unwritten]
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    // The answer was billed, even if it cannot be read back from the journal to count it.
    log.error({ ...aboutCall(exchange), code: error.code }, 'usage_unknown')
    return []
  }
}
