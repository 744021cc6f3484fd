import { callerKey } from '../../identity/caller.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { groupedFields, type RecordFilter } from '../../ledger/reports.ts'
import { isVisible } from '../visible.ts'

/** True when a record is one that the ledger would list for this filter. */
export function matches(filter: RecordFilter, row: RecordRow): boolean {
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY, copyKind, caller } = filter
  return (
    fromMs <= row.startedAtMs &&
    row.startedAtMs < toMs &&
    isVisible(filter.workloads ?? null, row) &&
    groupedFields.every(name => same(filter[name], row[name])) &&
    same(filter.callerKey, keyOf(row) ?? undefined) &&
    same(filter.model, row.servedModel ?? row.requestedModel) &&
    same(filter.outcomeCode, row.outcomeCode) &&
    same(filter.status, row.status) &&
    (copyKind === 'none' ? row.copyKind === null : same(copyKind, row.copyKind)) &&
    same(filter.copyOf, row.copyOf) &&
    same(filter.objectId, row.objectId) &&
    over(filter.tokensOver, row.usage.totalTokens) &&
    over(filter.costOverNano, row.cost?.nano) &&
    over(filter.durationOverMs, row.endedAtMs - row.startedAtMs) &&
    (caller === undefined || [keyOf(row), row.callerObjectId, row.callerName].includes(caller))
  )
}

function same<T>(wanted: T | undefined, value: T): boolean {
  return wanted === undefined || wanted === value
}

function over(least: number | undefined, value: number | null | undefined): boolean {
  return least === undefined || (value ?? 0) > least
}

function keyOf(row: RecordRow): string | null {
  const { callerKind: kind, callerTenantId: tenantId, callerObjectId, callerAppId: appId } = row
  return kind === null || tenantId === null
    ? null
    : callerKey({ kind, tenantId, objectId: callerObjectId ?? '', appId })
}
