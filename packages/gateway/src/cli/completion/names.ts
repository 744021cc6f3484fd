/** Names for a shell to complete: those of the running gateway, and those that the program itself knows. */

import type { AboutAnswer } from '../../admin/about-schemas.ts'
import type { FeedsAnswer, InstancesAnswer, LimitsAnswer } from '../../admin/house-schemas.ts'
import type { CallersAnswer } from '../../admin/people-schemas.ts'
import { usageDimensions } from '../../ledger/reports.ts'
import { operations } from '../../wire/operations.ts'
import type { CliContext } from '../context.ts'
import { type Ask, askerOf, deploymentNames, instanceNames, modelNames, workloadNames } from '../reach/known-names.ts'
import type { NameKind } from './sources.ts'

/** The management API's largest page. */
const callersMax = 1_000

/** @param as the account that the line names with `--as`. */
export async function namesOf(kind: NameKind, context: CliContext, as: string | undefined): Promise<readonly string[]> {
  return (await lookUps[kind](askerOf(context, as), context)) ?? []
}

type LookUp = (ask: Ask, context: CliContext) => Promise<readonly string[] | null>

const lookUps: Readonly<Record<NameKind, LookUp>> = {
  account: async (_, context) => {
    const demo = await context.demo()
    return demo === null ? [] : [...demo.people, ...demo.applications].map(({ name }) => name)
  },
  caller: async ask => {
    const query = { limit: callersMax, order: 'last' }
    return (await ask<CallersAnswer>('/api/v1/callers', query)).callers.map(({ name }) => name)
  },
  code: async () => [...(await import('../../gateway/outcome-codes.ts')).outcomeCodes],
  deployment: deploymentNames,
  dimension: async () => usageDimensions,
  feed: async ask => (await ask<FeedsAnswer>('/api/v1/feeds')).feeds.map(({ name }) => name),
  instance: instanceNames,
  model: modelNames,
  operation: async () => Object.keys(operations),
  replica: async ask => {
    const { health } = await ask<AboutAnswer>('/api/v1/about')
    return health?.replicas.map(({ name }) => name) ?? []
  },
  rule: async ask => {
    const { rules } = await ask<LimitsAnswer>('/api/v1/limits')
    return [...new Set(rules.map(({ rule }) => rule))]
  },
  target: async ask => {
    const { instances, pools } = await ask<InstancesAnswer>('/api/v1/instances')
    return [...pools, ...instances].map(({ name }) => name)
  },
  workload: workloadNames,
}
