import type { Journal } from '../../ledger/index.ts'
import { LedgerError } from '../../ledger/index.ts'
import type { Limits } from '../../limits/index.ts'
import type { Log } from '../../log.ts'
import type { CountedTokens, TokenCounter } from '../../tokens/index.ts'
import { isUnmeteredModel } from '../../wire/models.ts'
import type { Operation } from '../../wire/operations.ts'
import { noUsage, type Usage } from '../../wire/usage.ts'
import type { Authenticated } from '../exchange.ts'
import type { FollowUps } from '../follow-ups/index.ts'
import type { Asked } from '../receive/request.ts'
import type { Relayed } from '../relayed.ts'
import { boundedUsage, boundOf, storedIn } from './bound.ts'
import { beginDebt, isBatchUnseen, isBegun, usageOfObject } from './later.ts'
import type { NeedsSeen } from './needs.ts'
import type { Unseen } from './unseen.ts'

interface UsageParts {
  readonly counter: TokenCounter
  readonly journal: Journal
  readonly limits: Pick<Limits, 'learned'>
  readonly followUps: Pick<FollowUps, 'owes' | 'raise' | 'collect' | 'isSilent' | 'readsAnswers'>
  readonly guards: { readonly unseen: Unseen }
  readonly log: Log
}

/**
 * What a call used: what the backend reported at the end of its answer. Where it reported nothing but the answer came whole and shows all that
 * is billed (old versions, other models), what our tokenizer counts in the text. And where nobody can know (the client or the backend left early
 * and the end was not reached, the answer cannot be read, a model thought unseen), a bound: at least what passed, what was reserved,
 * and what calls of the deployment were seen to need. Never a small number because nothing was seen.
 */
export async function usageOf(exchange: Authenticated, relayed: Relayed, parts: UsageParts): Promise<Usage> {
  const { learned } = relayed
  const { route, asked } = exchange
  if (route.operation.usage === 'none' && route.operation.object !== null) {
    return usageOfObject(exchange, relayed, parts)
  }
  if (learned.usage !== null && (relayed.ending === 'whole' || !learned.usageSoFar)) {
    if (asked?.deployment != null) parts.guards.unseen.needs.learn(asked.deployment, learned.usage)
    return learned.usage
  }
  const sent = sentOf(exchange, relayed)
  if (isBegun(exchange, relayed)) {
    // Before anything is waited for: the client may ask at once.
    const owed = beginDebt(exchange, relayed, parts)
    if (sent !== null && relayed.isEventStream) {
      // A stream that is left may have shown more than was reserved.
      const { completionTokens } = await count(exchange, sent, relayed, parts)
      parts.followUps.raise(learned.objectId ?? '', completionTokens ?? 0)
    }
    return owed
  }
  if (isBatchUnseen(exchange, relayed)) return boundedUsage(boundOf(exchange, parts))
  if (sent === null) return noUsage
  // An error is not billed, but for a prompt that had to be read to be refused (content-streaming.md).
  if (isError(relayed)) return isOfPrompt(relayed) ? promptUsage(exchange, sent, relayed, parts) : noUsage
  if (isUnmetered(sent, relayed)) return noUsage
  const counted = await count(exchange, sent, relayed, parts)
  if (isKnown(sent, relayed, counted, parts.guards.unseen.needs)) return countedUsage(counted)
  return bounded(exchange, sent, relayed, counted, parts)
}

/** A call that a backend may have billed by tokens. */
interface Sent {
  readonly operation: Operation
  readonly asked: Asked
  readonly deployment: string
  readonly model: string
}

/** Null where nothing was billed: nothing was sent, or half of a request, or what it asks for has no tokens. */
function sentOf(
  { route, asked, instance, call }: Authenticated,
  { sentAtMs, servedDeployment, status }: Relayed,
): Sent | null {
  if (asked === null || instance === null || asked.deployment === null || sentAtMs === null) return null
  if (route.operation.usage === 'none') return null
  if (status === null && asked.send === 'upload' && !call.req.complete) return null
  const model = instance.deployments.get(servedDeployment ?? asked.deployment)?.model ?? asked.deployment
  return { operation: route.operation, asked, deployment: asked.deployment, model }
}

function isError({ status }: Relayed): boolean {
  return status !== null && status >= 400
}

/** True for a refusal by the content filter, or one that may be: it broke off before it said what it is. */
function isOfPrompt({ status, ending, learned }: Relayed): boolean {
  return learned.errorCode === 'content_filter' || (status === 400 && ending !== 'whole' && learned.errorCode === null)
}

/** True for models that are billed by pictures, seconds or characters: they never report tokens. */
function isUnmetered({ operation, model }: Sent, { ending, learned }: Relayed): boolean {
  const speaks =
    operation.usage === 'chat' || operation.usage === 'input-only' || operation.name.startsWith('responses')
  if (speaks) return false
  // A document that came whole and names no tokens has none.
  return isUnmeteredModel(model) || (ending === 'whole' && learned.isFinished)
}

/** True where the text that passed is all that is billed. */
function isKnown(
  { operation, deployment, model }: Sent,
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
  const totalTokens = (promptTokens ?? 0) + (completionTokens ?? 0)
  return { ...noUsage, source: 'counted', promptTokens, completionTokens: completionTokens ?? 0, totalTokens }
}

async function promptUsage(exchange: Authenticated, sent: Sent, relayed: Relayed, parts: UsageParts): Promise<Usage> {
  const { promptTokens } = await count(exchange, sent, relayed, parts)
  if (promptTokens !== null && relayed.learned.errorCode !== null)
    return countedUsage({ promptTokens, completionTokens: 0 })
  return boundedUsage({ promptTokens: promptTokens ?? boundOf(exchange, parts).promptTokens, completionTokens: 0 })
}

function bounded(
  exchange: Authenticated,
  { asked, deployment }: Sent,
  { learned }: Relayed,
  counted: CountedTokens,
  parts: UsageParts,
): Usage {
  const bound = boundOf(exchange, parts)
  const needs = parts.guards.unseen.needs.of(deployment)
  const passed = (counted.completionTokens ?? 0) + needs.hidden
  // Without a maximum the estimate is a middle one: of a call whose end nobody saw the most is taken that is known.
  const unlimited =
    asked.completionTokensMax === null ? Math.max(needs.completion, parts.guards.unseen.completionTokensAssumed) : 0
  // What the instance adds to a prompt from stored objects is in no text.
  const isReadable = counted.promptTokens !== null && storedIn(asked) === 0
  const promptTokens = isReadable
    ? (counted.promptTokens ?? 0)
    : Math.max(counted.promptTokens ?? 0, bound.promptTokens)
  return boundedUsage({
    promptTokens: Math.max(promptTokens, learned.usage?.promptTokens ?? 0),
    completionTokens: Math.max(passed, unlimited, bound.completionTokens, learned.usage?.completionTokens ?? 0),
  })
}

/** What our tokenizer counts, in a worker; null is what cannot be counted. */
async function count(
  exchange: Authenticated,
  { operation, asked, model }: Sent,
  relayed: Relayed,
  parts: UsageParts,
): Promise<CountedTokens> {
  return parts.counter.count({
    model,
    operation: operation.name,
    requestBody: asked.received,
    responseBody: isError(relayed) ? [] : await responseBytes(exchange, relayed, parts),
    stream: asked.stream || relayed.isEventStream,
  })
}

/** All that came of the answer: long ones have left the memory and are read back from the journal. */
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
    // What was answered is a fact, even where the journal cannot be read back to count it.
    log.error({ id: exchange.call.id, code: error.code }, 'usage_unknown')
    return []
  }
}
