/** What came of the call of a record, beside what would come of it now. */
import type { RecordRow } from '../../ledger/record.ts'
import type { ExplainedStep } from './index.ts'
import type { ExplainAnswer } from './schemas.ts'

type Then = NonNullable<ExplainAnswer['record']>

export function thenOf(row: RecordRow, stageOf: (code: string) => string | null): Then {
  const { id, startedAtMs, outcome, outcomeCode, status, instance } = row
  const stage = outcome === 'refused' && outcomeCode !== null ? stageOf(outcomeCode) : null
  return { id, startedAtMs, outcome, outcomeCode, status, instance, stage }
}

/** Refusals that a record holds everything for: the same call is decided again. */
const decidedAgain: ReadonlySet<string> = new Set([
  'path_malformed',
  'route_unknown',
  'method_not_allowed',
  'workload_missing',
  'workload_unknown',
  'caller_not_bound',
  'caller_unbound',
  'target_unknown',
  'target_not_allowed',
  'deployment_not_allowed',
  'deployment_unknown',
  'operation_not_allowed',
])

/**
 * The steps, up to a stage that refused the call then and cannot decide again, because the record does not hold what it
 * decided by: a token, a body, how full limits were.
 */
export function withThen(steps: readonly ExplainedStep[], then: Then): readonly ExplainedStep[] {
  const { stage, outcomeCode, status } = then
  const at = steps.findIndex(step => step.stage === stage)
  const step = steps[at]
  if (step === undefined || outcomeCode === null || step.answer?.code === outcomeCode) return steps
  // Of a body that was refused, the record does not even hold the model.
  if (decidedAgain.has(outcomeCode) && step.answer?.code !== 'model_missing') return steps
  const { details = [], settings = [] } = step
  const text = `It was refused here with ${status} ${outcomeCode}. The record does not hold what that depended on, so it cannot be decided again.`
  return [...steps.slice(0, at), { stage: step.stage, verdict: 'unknown', text, details, settings }]
}
