/** Runs the steps one after another. */
import { type Finding, failure } from '../../doctor/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { adviceFor } from './advice.ts'
import { type Smoke, type SmokeOptions, type StepFinding, type StepName, stepNames, untried } from './index.ts'
import { steps } from './steps.ts'

export interface SmokeReport {
  readonly findings: readonly StepFinding[]
  /** Ids of records, by the step that made the call. */
  readonly requestIds: Readonly<Partial<Record<StepName, string>>>
}

/**
 * Never rejects because of what it examines.
 * @param found called for each finding as it comes.
 */
export async function runSmoke(
  context: CliContext,
  options: SmokeOptions,
  found: (finding: StepFinding) => void,
): Promise<SmokeReport> {
  const smoke: Smoke = { ...options, context, requestIds: new Map() }
  const findings: StepFinding[] = []
  const broken = new Set<StepName>()
  for (const step of stepNames) {
    if (options.callsOnly && steps[step].asksAdmin) continue
    const lacking = steps[step].needs.filter(needed => broken.has(needed))
    const came = lacking.length > 0 ? [untried(lacking)] : await tried(step, smoke)
    if (lacking.length > 0 || came.some(({ level }) => level === 'failure')) broken.add(step)
    for (const finding of came) {
      findings.push({ step, ...finding })
      found({ step, ...finding })
    }
  }
  return { findings, requestIds: Object.fromEntries(smoke.requestIds) }
}

async function tried(step: StepName, smoke: Smoke): Promise<readonly Finding[]> {
  try {
    return await steps[step].run(smoke)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    const why = error.why === null ? '' : ` ${error.why}`
    return [failure(`${error.code}: ${error.what}${why}`, adviceFor(error.code, error.next))]
  }
}
