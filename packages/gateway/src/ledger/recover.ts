import type { Log } from '../log.ts'
import type { TokenCounter } from '../tokens/index.ts'
import { nothingCounted } from '../tokens/job.ts'
import { assemble } from '../wire/assemble.ts'
import type { Assembled } from '../wire/assembled.ts'
import { asksForBackground, goesOn } from '../wire/background.ts'
import { type Demand, demandMembers, demandOf } from '../wire/demand.ts'
import { scanObject } from '../wire/json-scan.ts'
import { isUnmeteredModel, modelFacts } from '../wire/models.ts'
import { operations } from '../wire/operations.ts'
import { noUsage, type Usage, unreportedUsage } from '../wire/usage.ts'
import type { Journal } from './index.ts'
import { unknownClosed, unknownOpened } from './read-fields.ts'
import type { Closed, Cost, Opened } from './record.ts'
import type { StoreClient } from './store/client.ts'
import type { Unfinished } from './store/unfinished.ts'

/** Absurd maxima must not overflow a column. */
const tokensMost = 1_000_000_000

/** What decides the price of an interrupted call. */
export interface InterruptedCall {
  /** `model` of the answer; null where none came. */
  readonly servedModel: string | null
  /** The model that the configuration names. It has the price where the served one has none. */
  readonly model: string
  readonly startedAtMs: number
  /** `service_tier` of the answer; null where it names none. */
  readonly tier: string | null
}

/** Cost of tokens, by the prices of the time when the call began. */
export type CostOf = (usage: Usage, call: InterruptedCall) => Cost | null

export interface RecoverParts {
  readonly store: StoreClient
  readonly journal: Journal
  readonly counter: Pick<TokenCounter, 'count'>
  readonly modelOf: (instance: string, deployment: string) => string | null
  readonly costOf: CostOf
  /** Completion tokens of a call that names no maximum (`limits.completionTokensAssumed`). */
  readonly completionTokensAssumed: number
  readonly log: Log
  /** True when the ledger closes: the exchanges that are left stay open, and the next start finds them. */
  readonly stopped: () => boolean
}

/**
 * Ends every exchange that an earlier process left open, as `interrupted`. Each end is an entry of the journal, so that
 * every reader sees it. A process that dies during recovery leaves the rest as it was.
 */
export async function recover(parts: RecoverParts): Promise<void> {
  const { store, journal, log } = parts
  if (store.openIds.length === 0) return
  log.warn({ exchanges: store.openIds.length }, 'calls_interrupted')
  for (const id of store.openIds) {
    if (parts.stopped()) return
    const unfinished = await store.ask('unfinished', id)
    if (unfinished === null) continue
    await journal.close(await interrupted(unfinished, parts), [])
  }
}

async function interrupted(unfinished: Unfinished, parts: RecoverParts): Promise<Closed> {
  const { id, request, response, writtenAtMs } = unfinished
  // The opening entry may be lost to damage. The id still shows when the exchange began.
  const opened = unfinished.opened ?? unknownOpened(id)
  const answer = opened.operation === null ? null : answerOf(opened, response)
  const backgroundId = backgroundIdOf(opened, response)
  const isOwed = backgroundId !== null && answer?.usage == null
  const usage: Usage = isOwed ? { ...noUsage, source: 'owed' } : await usageOf(opened, unfinished, answer, parts)
  return {
    ...unknownClosed(id),
    outcome: 'interrupted',
    outcomeCode: 'process_died',
    endedAtMs: Math.max(writtenAtMs, opened.startedAtMs),
    instance: opened.instance,
    region: opened.region,
    servedModel: answer?.model ?? null,
    usage,
    serviceTier: answer?.serviceTier ?? null,
    cost: costOfTokens(opened, usage, answer, parts),
    objectId: backgroundId ?? (usageShape(opened.operation ?? '') === 'responses' ? (answer?.id ?? null) : null),
    finishReason: answer?.choices[0]?.finishReason ?? null,
    requestBytes: bytesOf(request),
    responseBytes: bytesOf(response),
    ...(unfinished.opened === null ? { opened } : {}),
  }
}

/** The answer, as far as it was written; null when it cannot be read. */
function answerOf(opened: Opened, response: readonly Uint8Array[]): Assembled | null {
  if (response.length === 0 || opened.operation === null) return null
  try {
    return assemble(opened.operation, opened.stream, Buffer.concat(response))
  } catch {
    return null
  }
}

/** Id of the response or batch that the call began and that continues at its instance; null where none is known. */
function backgroundIdOf({ operation }: Opened, response: readonly Uint8Array[]): string | null {
  if (operation !== 'responses' && operation !== 'batches') return null
  return goesOn(Buffer.concat(response))
}

/** True where the call may have background work that continues, with an id that is not known. */
function mayRunUnknown({ operation, method }: Opened, request: readonly Uint8Array[]): boolean {
  if (operation === 'batches') return method === 'POST'
  return operation === 'responses' && asksForBackground(Buffer.concat(request))
}

/**
 * The reported usage, where the answer came as far as that. Where it did not, the bill is not known. The usage is then
 * a bound: at least the tokens of what had come, and at least the maximum of the request, or the number that is assumed
 * of a call without one. Operations without tokens have no usage.
 */
async function usageOf(
  opened: Opened,
  unfinished: Unfinished,
  answer: Assembled | null,
  parts: RecoverParts,
): Promise<Usage> {
  if (answer?.usage != null && !answer.usageSoFar) return { ...answer.usage, source: 'reported' }
  const usage = await unreported(opened, unfinished, answer, parts)
  if (!mayRunUnknown(opened, unfinished.request)) return usage
  // Its end cannot be looked up, so it is charged at the number of tokens that is assumed of such a call.
  const promptTokens = usage.promptTokens ?? 0
  const completionTokens = Math.max(usage.completionTokens ?? 0, parts.completionTokensAssumed)
  return unreportedUsage('bounded', promptTokens, completionTokens)
}

/** Usage that is charged where none was reported. */
async function unreported(
  opened: Opened,
  { request, response }: Unfinished,
  answer: Assembled | null,
  { counter, modelOf, completionTokensAssumed }: RecoverParts,
): Promise<Usage> {
  const { operation, instance, deployment } = opened
  // The name of a deployment does not show its model, and so not the tokenizer.
  const known = instance === null || deployment === null ? null : modelOf(instance, deployment)
  const model = known ?? answer?.model ?? opened.requestedModel ?? deployment
  if (operation === null || model === null || usageShape(operation) === 'none' || isUnmeteredModel(model))
    return noUsage
  const job = { model, operation, requestBody: request, responseBody: response, stream: opened.stream }
  // A record without tokens is better than no record.
  const counted = await counter.count(job).catch(() => nothingCounted)
  const isInputOnly = usageShape(operation) === 'input-only'
  const isKnown = counted.promptTokens !== null && (isInputOnly || isWhole(answer, model))
  const most = isKnown || isInputOnly ? 0 : await completionTokensMost(operation, request, completionTokensAssumed)
  // Where bodies are not recorded, the prompt is not known either.
  const promptTokens = counted.promptTokens ?? completionTokensAssumed
  const completionTokens = Math.max(counted.completionTokens ?? 0, answer?.usage?.completionTokens ?? 0, most)
  return unreportedUsage(isKnown ? 'counted' : 'bounded', promptTokens, completionTokens)
}

/** True when the whole answer had come and its text is all that is billed. */
function isWhole(answer: Assembled | null, model: string): boolean {
  return answer?.complete === true && answer.choices.length > 0 && !modelFacts(model).mayThink
}

const maxima: ReadonlySet<string> = new Set(demandMembers)

/**
 * Most completion tokens that the request allows, of all its answers. @param assumed for each answer where it names no
 * maximum.
 */
async function completionTokensMost(
  operation: string,
  request: readonly Uint8Array[],
  assumed: number,
): Promise<number> {
  const body = Buffer.concat(request)
  const { answers, completionTokensMax } = await demandIn(operation, body)
  return Math.min(completionTokensMax ?? assumed * answers, tokensMost)
}

/** A body that is no JSON, or was not recorded, asks for one answer. */
function demandIn(operation: string, body: Buffer): Demand | Promise<Demand> {
  try {
    return demandOf(operation, body, scanObject(body, maxima))
  } catch {
    return { answers: 1, completionTokensMax: null }
  }
}

function costOfTokens(
  { instance, deployment, startedAtMs }: Opened,
  usage: Usage,
  answer: Assembled | null,
  { costOf, modelOf }: RecoverParts,
): Cost | null {
  if (usage.source === 'none' || usage.source === 'owed' || instance === null || deployment === null) return null
  return costOf(usage, {
    servedModel: answer?.model ?? null,
    model: modelOf(instance, deployment) ?? deployment,
    startedAtMs,
    tier: answer?.serviceTier ?? null,
  })
}

function usageShape(operation: string): string {
  const rows: Readonly<Record<string, { readonly usage: string } | undefined>> = operations
  return rows[operation]?.usage ?? 'none'
}

function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.byteLength, 0)
}
