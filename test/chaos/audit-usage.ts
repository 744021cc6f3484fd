/** Compares the figures of a record with the bill and with the text that was recorded. */
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import type { BillLine } from '../../packages/simulator/src/types.ts'
import type { Case } from './case.ts'
import type { Plan } from './plans.ts'
import { tokensOf } from './reader.ts'
import { chaosDeployments } from './world.ts'

/** Tokens by which the gateway's count may differ from the recorded text's. */
const completionTolerance = 2
/**
 * Tokens by which the count of a prompt may differ from the bill: the rendering of tools and items is not published.
 */
const promptTolerance = 3

export function* wrongUsage(whole: Case, line: BillLine): Generator<string> {
  const { row, read: said } = whole
  const { source, promptTokens, completionTokens } = row.usage
  if (said.usage !== null) {
    if (source !== 'reported') yield `usage was reported, but the figures are ${source}`
    if (!line.usageReported) yield 'usage was reported that is not in the bill'
    if (promptTokens !== line.promptTokens) yield `${promptTokens} prompt tokens, billed ${line.promptTokens}`
    if ((completionTokens ?? 0) !== line.completionTokens)
      yield `${completionTokens} completion tokens, billed ${line.completionTokens}`
    return
  }
  if (source === 'reported') {
    // Usage in a document that is malformed in another place is still read.
    if (whole.plan.fault !== 'malformed-frames') yield 'reported figures without a report'
    if (promptTokens !== line.promptTokens || (completionTokens ?? 0) !== line.completionTokens)
      yield `${promptTokens}+${completionTokens} reported, billed ${line.promptTokens}+${line.completionTokens}`
    return
  }
  if (source === 'none') {
    if (line.completionTokens + line.promptTokens > 0)
      yield `no figures, billed ${line.promptTokens}+${line.completionTokens}`
    return
  }
  yield* wrongCount(whole, line)
}

/** Figures that the gateway determined itself: never below the bill, and above it only if they are a bound. */
function* wrongCompletion({ plan, row, read: said, mostBilled }: Case, line: BillLine): Generator<string> {
  const { source } = row.usage
  const counted = row.usage.completionTokens ?? 0
  if (counted < line.completionTokens - completionTolerance)
    yield `${source} at ${counted} completion tokens, billed ${line.completionTokens}`
  if (source === 'counted' && counted > line.completionTokens + completionTolerance)
    yield `${counted} completion tokens, billed ${line.completionTokens}`
  const spoken = tokensOf(modelOf(row), said.texts)
  const most = Math.max(line.completionTokens, spoken, boundOf(plan, mostBilled)) + completionTolerance
  if (counted > most) yield `${source} at ${counted} completion tokens, at most ${most} were possible`
  if (counted < spoken - completionTolerance) yield `${counted} completion tokens ${source}, the text has ${spoken}`
}

/** The default of `limits.completionTokensAssumed`. */
const assumed = 1_000

/**
 * The most that a call whose end is unknown may be charged for each answer: the maximum that it allows, or else what
 * other calls were seen to need.
 */
function boundOf({ body }: Plan, mostBilled: number): number {
  const said: unknown = JSON.parse(body)
  const numberIn = (key: string): number => {
    const value: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, key) : null
    return typeof value === 'number' ? value : 0
  }
  const most = Math.max(numberIn('max_tokens'), numberIn('max_completion_tokens'), numberIn('max_output_tokens'))
  const prompt: unknown = Reflect.get(Object(said), 'prompt')
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt.length : 1
  return Math.max(most, assumed, mostBilled) * Math.max(1, numberIn('n'), numberIn('best_of')) * prompts
}

function* wrongCount(whole: Case, line: BillLine): Generator<string> {
  yield* wrongCompletion(whole, line)
  const { row, plan } = whole
  const promptTokens = row.usage.promptTokens ?? 0
  // Without any answer of the backend, only the backend knows if it had read or refused the prompt by then.
  const unread = (row.status === null || line.status === 0) && line.promptTokens === 0
  const isWrong =
    row.usage.source === 'bounded'
      ? promptTokens < line.promptTokens - promptTolerance || promptTokens > Math.max(assumed, plan.body.length)
      : Math.abs(promptTokens - line.promptTokens) > promptTolerance
  if (!unread && isWrong) yield `${promptTokens} prompt tokens counted, billed ${line.promptTokens}`
}

/**
 * Without bodies in the ledger only the bill and the client's view are left, and the client may have seen less than
 * arrived.
 */
export function* wrongUnkeptUsage(whole: Case, line: BillLine): Generator<string> {
  const { row } = whole
  const { source, promptTokens, completionTokens } = row.usage
  if (source === 'reported') {
    if (promptTokens !== line.promptTokens) yield `${promptTokens} prompt tokens, billed ${line.promptTokens}`
    if ((completionTokens ?? 0) !== line.completionTokens)
      yield `${completionTokens} completion tokens, billed ${line.completionTokens}`
    return
  }
  // An interrupted exchange leaves nothing that could be counted.
  if (row.outcome === 'interrupted' || row.status === null || row.status >= 400) return
  yield* wrongCompletion(whole, line)
}

function modelOf(row: RecordRow): string {
  return chaosDeployments[row.deployment as keyof typeof chaosDeployments].model
}
