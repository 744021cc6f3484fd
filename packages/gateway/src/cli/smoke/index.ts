/**
 * The smoke test of a deployment: a few real calls through a gateway, and whether everything that should know of them
 * does. Each step is a row of `steps.ts`; they run in that order, because later ones look for what earlier ones did.
 */
import { type Finding, note } from '../../doctor/index.ts'
import type { CliContext } from '../context.ts'

/** In the order in which they run. */
export const stepNames = ['gateway', 'token', 'call', 'stream', 'refusal', 'records', 'feeds', 'spans'] as const
export type StepName = (typeof stepNames)[number]

/** Steps that leave a record. */
export type Traced = 'call' | 'stream' | 'refusal'

export interface SmokeOptions {
  /** Who calls, as `--as` of every command. */
  readonly as: string | undefined
  /** Who reads records and feeds; default: who calls. */
  readonly reader: string | undefined
  readonly workload: string | undefined
  readonly target: string | undefined
  readonly deployment: string
  /** Leaves out what needs the management API. */
  readonly callsOnly: boolean
  /** Longest wait for records, feeds and spans, each, in milliseconds. */
  readonly waitMs: number
}

/** What the steps share. */
export interface Smoke extends SmokeOptions {
  readonly context: CliContext
  /** Ids of records, by the step that made the call. */
  readonly requestIds: Map<Traced, string>
}

export interface Step {
  /** What must hold, for the reference. Markdown, one line. */
  readonly promise: string
  /** Steps without which this one cannot be tried. */
  readonly needs: readonly StepName[]
  /** True when it asks the management API. */
  readonly asksAdmin: boolean
  /** Rejects with CliError where it did not come to a finding. */
  run(smoke: Smoke): Promise<readonly Finding[]>
}

export interface StepFinding extends Finding {
  readonly step: StepName
}

/** What is said of a step that was not tried. */
export function untried(lacking: readonly StepName[]): Finding {
  return note(`Not tried: it needs ${lacking.join(' and ')}.`, 'Correct what is above, then run it again.')
}
