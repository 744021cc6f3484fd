/** Which records a caller may see, in every route that shows some or counts them. */
import { type Caller, callerKey } from '../identity/caller.ts'
import type { RecordRow } from '../ledger/record.ts'
import type { RecordFilter } from '../ledger/reports.ts'
import { AdminError } from './errors.ts'
import type { AdminRole } from './index.ts'

/** The workloads whose records the caller may see; null for all records. */
export type Visible = readonly string[] | null

/** A viewer sees all records; a developer those of the workloads that list them among their callers. */
export function visibleTo(roles: readonly AdminRole[], bound: readonly string[]): Visible {
  return roles.includes('viewer') ? null : bound
}

/**
 * The filter, narrowed to what the caller may see.
 * @throws AdminError role_missing when it names a workload that the caller may not see.
 */
export function within<Filter extends RecordFilter>(visible: Visible, filter: Filter): Filter {
  if (visible === null) return filter
  if (filter.workload !== undefined && !visible.includes(filter.workload)) {
    const own = visible.length === 0 ? 'none' : visible.join(', ')
    const message = `As a developer you see the workloads that list you among their callers: ${own}. The role viewer sees all.`
    throw new AdminError('role_missing', message, { param: 'workload' })
  }
  return { ...filter, workloads: visible }
}

export function isVisible(visible: Visible, { workload }: Pick<RecordRow, 'workload'>): boolean {
  return visible === null || (workload !== null && visible.includes(workload))
}

/** True for a record of the caller's own call. */
export function isOwn(caller: Caller, row: RecordRow): boolean {
  const { callerKind: kind, callerTenantId: tenantId, callerObjectId: objectId, callerAppId: appId } = row
  if (kind === null || tenantId === null || objectId === null) return false
  return callerKey({ kind, tenantId, objectId, appId }) === callerKey(caller)
}
