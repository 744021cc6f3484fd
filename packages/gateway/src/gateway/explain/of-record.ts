/** The call of a record, as far as the record holds it, and what came of it then. */
import type { Config } from '../../config/schema/index.ts'
import { type Caller, callerWithoutToken, compileRules } from '../../identity/index.ts'
import { blankText } from '../../ledger/privacy/personal.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { Refusal } from '../refusals.ts'
import { findRoute } from '../stages/1-resolve/route.ts'
import type { StageName } from '../stages/index.ts'
import { type ExplainedConfig, type ExplainStep, explainWith, stageOf } from './index.ts'
import type { ExplainQuestion } from './question.ts'

/** Claims that only a token has, and no record. */
export type Claims = Pick<Caller, 'groups' | 'listsGroups' | 'roles' | 'scopes' | 'managedIdentityId'>

export const noClaims: Claims = { groups: [], listsGroups: false, roles: [], scopes: [], managedIdentityId: null }

/** Codes of refusals before a caller is bound to a workload. */
const unboundCodes: ReadonlySet<string | null> = new Set([
  'caller_not_bound',
  'caller_unbound',
  'caller_groups_overage',
  'workload_missing',
  'workload_unknown',
])

type CallerFields = Pick<RecordRow, 'callerKind' | 'callerTenantId' | 'callerObjectId' | 'callerAppId' | 'callerName'>

/** What a record holds of who called, and as what. */
export type BoundFields = CallerFields & Pick<RecordRow, 'workload' | 'outcomeCode'>

/** True for a call whose caller a rule of its workload had let through. */
export function wasBound(row: Pick<RecordRow, 'workload' | 'outcomeCode' | 'callerKind'>): boolean {
  return row.callerKind !== null && row.workload !== null && !unboundCodes.has(row.outcomeCode)
}

/** True for a record of which the address and the caller were erased. */
export function isErased({ path }: Pick<RecordRow, 'path'>): boolean {
  return path === blankText
}

/** Without the claims that a record does not hold; null for a call whose token was not accepted. */
export function callerOfRecord(row: CallerFields): Caller | null {
  const { callerKind: kind, callerTenantId: tenantId, callerObjectId: objectId } = row
  if (kind === null || tenantId === null || objectId === null) return null
  return callerWithoutToken({ kind, tenantId, objectId, appId: row.callerAppId, displayName: row.callerName })
}

/** The claims that the rules of a workload name. */
export function claimsNamed({ workloads }: Pick<Config, 'workloads'>, workload: string | null): Claims {
  const rules = workload === null ? [] : (workloads[workload]?.callers ?? [])
  const groups = rules.flatMap(rule => ('group' in rule ? [rule.group] : []))
  return {
    groups,
    listsGroups: groups.length > 0,
    roles: rules.flatMap(rule => ('role' in rule ? [rule.role] : [])),
    scopes: rules.flatMap(rule => ('scope' in rule ? [rule.scope] : [])),
    managedIdentityId: rules.flatMap(rule => ('managedIdentity' in rule ? [rule.managedIdentity] : []))[0] ?? null,
  }
}

export function questionOfRecord(row: RecordRow, claims: Claims): ExplainQuestion {
  const caller = callerOfRecord(row)
  const version = row.apiVersion === null ? '' : `?api-version=${encodeURIComponent(row.apiVersion)}`
  const url = `${row.path}${version}`
  const isNamed = workloadNamed({ method: row.method, url, headers: {} }) !== null
  return {
    method: row.method,
    url,
    caller: caller === null ? null : { ...caller, ...claims },
    headers: isNamed || row.workload === null ? {} : { 'x-gatehouse-workload': row.workload },
    model: row.requestedModel,
    toolDeployments: row.toolDeployments,
  }
}

/** What a record does not hold, and what is taken instead, in sentences. */
export function assumptionsOf(row: RecordRow, claims: Claims): readonly string[] {
  const { groups, roles, scopes, managedIdentityId } = claims
  const erased =
    'The record was erased: its address, and what else named the caller, is gone, so the call cannot be decided.'
  const hasClaims = groups.length + roles.length + scopes.length > 0 || managedIdentityId !== null
  return [
    ...(isErased(row) ? [erased] : []),
    row.callerKind === null
      ? 'The record has no caller: the call was refused before its token was accepted, and tokens are never kept.'
      : hasClaims
        ? `A record holds no groups and no roles. The call was let through as ${row.workload}, so the caller is taken to have those that the rules of ${row.workload} name.`
        : 'A record holds no groups and no roles of its caller: the caller is taken to have none.',
    'The configuration is the one in force now. Limits and instances are named, not looked at: how full they were then is not kept.',
    row.requestBytes > 0
      ? 'The body is not read: what only it decides, such as its tools, is not explained.'
      : 'The query is not kept, apart from the api-version.',
  ]
}

/** The workload that a call names; null where it names none, or where its address cannot be read. */
export function workloadNamed({
  method,
  url,
  headers,
}: Pick<ExplainQuestion, 'method' | 'url' | 'headers'>): string | null {
  try {
    return findRoute(method, url).workload ?? headers['x-gatehouse-workload'] ?? null
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/** Refusals that a record holds everything for: the same call can be decided again. */
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
 * True where the record does not hold what its refusal was decided by: a token, a body, how full limits were.
 * @param code of the record. @param againCode that the same call gets from what the record holds; null for none.
 */
export function isNotHeld(code: string, againCode: string | null): boolean {
  if (code === againCode) return false
  // Of a body that was refused, the record does not even hold the model.
  return !decidedAgain.has(code) || againCode === 'model_missing'
}

export interface ExplainedRecord {
  readonly call: ExplainQuestion
  readonly steps: readonly ExplainStep[]
  readonly assumed: readonly string[]
  /** The stage that refused it then; null for a call that was not refused. */
  readonly stage: StageName | null
}

/** What the configuration says to the call of a record, up to a stage that cannot decide again. */
export async function explainRecord(
  config: Pick<ExplainedConfig, 'config' | 'plan' | 'prices'>,
  row: RecordRow,
): Promise<ExplainedRecord> {
  const caller = callerOfRecord(row)
  const isById = caller !== null && row.workload !== null && isBoundById(config.config, row.workload, caller)
  const claims = wasBound(row) && !isById ? claimsNamed(config.config, row.workload) : noClaims
  const call = questionOfRecord(row, claims)
  const stage = row.outcome === 'refused' && row.outcomeCode !== null ? stageOf(row.outcomeCode) : null
  const steps = withThen(await explainWith(config, call, row.startedAtMs, null), row, stage)
  return { call, steps, assumed: assumptionsOf(row, claims), stage }
}

function isBoundById({ workloads }: Config, workload: string, caller: Caller): boolean {
  return Object.hasOwn(workloads, workload) && compileRules(workloads[workload]?.callers ?? [])(caller) !== null
}

function withThen(steps: readonly ExplainStep[], row: RecordRow, stage: StageName | null): readonly ExplainStep[] {
  const { outcomeCode, status } = row
  const at = steps.findIndex(step => step.stage === stage)
  const step = steps[at]
  if (step === undefined || outcomeCode === null || !isNotHeld(outcomeCode, step.answer?.code ?? null)) return steps
  const { details = [], settings = [] } = step
  const text = `It was refused here with ${status} ${outcomeCode}. The record does not hold what that depended on, so it cannot be decided again.`
  return [...steps.slice(0, at), { stage: step.stage, verdict: 'unknown', text, details, settings }]
}
