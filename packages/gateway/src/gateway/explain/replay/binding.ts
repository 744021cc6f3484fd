/**
 * Whether a rule of a workload binds the caller of a record. Records hold no groups, roles or scopes. What can be told
 * is told from the rules that let the call through then, or did not.
 */
import type { CallerRule, Config } from '../../../config/schema/index.ts'
import { compileRules } from '../../../identity/index.ts'
import { type BoundFields, type Claims, callerOfRecord, claimsNamed, noClaims, wasBound } from '../of-record.ts'

/** Claims to take under each configuration; a reason where those under the next one cannot be told. */
export interface KnownClaims {
  readonly before: Claims
  readonly after: Claims | { readonly untold: string }
}

export function claimsKnown(
  row: BoundFields,
  before: Pick<Config, 'workloads'>,
  after: Pick<Config, 'workloads'>,
): KnownClaims {
  const caller = callerOfRecord(row)
  const { workload } = row
  if (caller === null || workload === null) return { before: noClaims, after: noClaims }
  const old = rulesOf(before, workload)
  const next = rulesOf(after, workload)
  const isOldById = compileRules(old)(caller) !== null
  const named = claimsNamed(before, workload)
  const taken = wasBound(row) && !isOldById ? named : noClaims
  if (compileRules(next)(caller) !== null) return { before: taken, after: noClaims }
  const oldClaims = claimRules(old)
  const nextClaims = claimRules(next)
  if (nextClaims.length === 0) return { before: taken, after: noClaims }
  if (!wasBound(row)) {
    // None of the old rules held. What the others would say, nobody has asked.
    const others = nextClaims.filter(rule => !oldClaims.includes(rule))
    return { before: taken, after: others.length === 0 ? noClaims : untold(others, workload) }
  }
  if (isOldById || oldClaims.length === 0) return { before: taken, after: untold(nextClaims, workload) }
  // At least one of the old rules held: those that stay decide where all of them stay, or where there is only one.
  const staying = oldClaims.filter(rule => nextClaims.includes(rule))
  if (staying.length === oldClaims.length) return { before: taken, after: named }
  const others = nextClaims.filter(rule => !oldClaims.includes(rule))
  if (staying.length === 0 && others.length === 0) return { before: taken, after: noClaims }
  return { before: taken, after: untold(nextClaims, workload) }
}

function rulesOf({ workloads }: Pick<Config, 'workloads'>, workload: string): readonly CallerRule[] {
  return Object.hasOwn(workloads, workload) ? (workloads[workload]?.callers ?? []) : []
}

/** Rules that a record alone cannot decide, as `group 9f0e...`. */
function claimRules(rules: readonly CallerRule[]): readonly string[] {
  const kinds = ['group', 'role', 'scope', 'managedIdentity']
  return rules.flatMap(rule =>
    Object.entries(rule).flatMap(([kind, value]) => (kinds.includes(kind) ? [`${kind} ${value}`] : [])),
  )
}

function untold(rules: readonly string[], workload: string): { readonly untold: string } {
  const shown = rules.length <= 3 ? rules.join(', ') : `${rules.slice(0, 3).join(', ')} and ${rules.length - 3} more`
  return { untold: `whether the caller has one of ${shown} (workloads.${workload}.callers)` }
}
