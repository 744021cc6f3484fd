/** Records as lines of a table and of CSV. */
import { callerKey } from '../identity/caller.ts'
import type { RecordRow } from '../ledger/record.ts'
import { type CsvCell, csvLine } from './csv.ts'
import { money } from './money.ts'
import { figure, instant, type TableColumn } from './table.ts'

interface RecordColumn extends TableColumn {
  readonly cell: (row: RecordRow) => string
}

/** On 80 columns: id, workload, status, outcome, tokens. Records come in the order of time, so the time may leave before them. */
const columns: readonly RecordColumn[] = [
  { title: 'started (UTC)', least: 19, leaves: 4, cell: row => instant(row.startedAtMs) },
  { title: 'id', least: 36, cell: row => row.id },
  { title: 'caller', cutTo: 12, least: 16, leaves: 3, cell: row => row.callerName ?? callerKeyOf(row) ?? '-' },
  { title: 'workload', cutTo: 10, least: 14, leaves: 2, cell: row => row.workload ?? '-' },
  { title: 'deployment', cutTo: 10, least: 12, leaves: 6, cell: row => row.deployment ?? '-' },
  { title: 'operation', cutTo: 9, least: 16, leaves: 9, cell: row => row.operation ?? '-' },
  { title: 'instance', cutTo: 8, least: 14, leaves: 10, cell: row => row.instance ?? '-' },
  { title: 'status', align: 'right', cell: row => String(row.status ?? '-') },
  { title: 'outcome', cutTo: 9, least: 12, cell: row => row.outcomeCode ?? row.outcome },
  { title: 'prompt', align: 'right', least: 7, leaves: 7, cell: row => figure(row.usage.promptTokens) },
  { title: 'completion', align: 'right', leaves: 8, cell: row => figure(row.usage.completionTokens) },
  { title: 'tokens', align: 'right', least: 7, leaves: 1, cell: row => figure(row.usage.totalTokens) },
  { title: 'cost', align: 'right', least: 9, leaves: 6, cell: row => costText(row) ?? '-' },
  { title: 'ms', align: 'right', least: 6, leaves: 5, cell: row => figure(row.durationMs) },
  { title: 'first byte', align: 'right', leaves: 11, cell: row => figure(row.timeToFirstByteMs) },
]

/** For pages, whose widths come from their rows. */
export const recordColumns: readonly TableColumn[] = columns.map(({ least: _, ...column }) => column)
/** For rows that come one by one, whose widths are fixed before them. */
export const tailColumns: readonly TableColumn[] = columns

export function recordCells(row: RecordRow): string[] {
  return columns.map(column => column.cell(row))
}

/** Null where nothing was billed; `?` where tokens were and their model has no price. */
export function costText({ cost, usage }: RecordRow): string | null {
  if (cost !== null) return `${money(cost.nano)} ${cost.currency}`
  return usage.totalTokens ? '?' : null
}

/** The immutable key of the caller of a record, null when nobody was verified. */
export function callerKeyOf(row: RecordRow): string | null {
  const { callerKind: kind, callerTenantId: tenantId, callerObjectId: objectId, callerAppId: appId } = row
  return kind === null || tenantId === null || objectId === null ? null : callerKey({ kind, tenantId, objectId, appId })
}

const csvColumns: Readonly<Record<string, (row: RecordRow) => CsvCell>> = {
  id: row => row.id,
  started: row => new Date(row.startedAtMs).toISOString(),
  ended: row => new Date(row.endedAtMs).toISOString(),
  durationMs: row => row.durationMs,
  timeToFirstByteMs: row => row.timeToFirstByteMs,
  outcome: row => row.outcome,
  outcomeCode: row => row.outcomeCode,
  status: row => row.status,
  callerKey: callerKeyOf,
  callerName: row => row.callerName,
  workload: row => row.workload,
  target: row => row.target,
  instance: row => row.instance,
  region: row => row.region,
  deployment: row => row.deployment,
  requestedModel: row => row.requestedModel,
  servedModel: row => row.servedModel,
  apiVersion: row => row.apiVersion,
  operation: row => row.operation,
  stream: row => row.stream,
  serviceTier: row => row.serviceTier,
  summedCalls: row => row.summedCalls,
  toolDeployments: row => row.toolDeployments.join(' '),
  usageSource: row => row.usage.source,
  promptTokens: row => row.usage.promptTokens,
  cachedTokens: row => row.usage.cachedTokens,
  completionTokens: row => row.usage.completionTokens,
  reasoningTokens: row => row.usage.reasoningTokens,
  audioPromptTokens: row => row.usage.audioPromptTokens,
  audioCompletionTokens: row => row.usage.audioCompletionTokens,
  imagePromptTokens: row => row.usage.imagePromptTokens,
  imageCompletionTokens: row => row.usage.imageCompletionTokens,
  totalTokens: row => row.usage.totalTokens,
  costNano: row => row.cost?.nano ?? null,
  currency: row => row.cost?.currency ?? null,
  price: row => row.cost?.price ?? null,
  reservedTokens: row => row.reservedTokens,
  waitedMs: row => row.waitedMs,
  finishReason: row => row.finishReason,
  attempts: row => row.attempts.length,
  requestBytes: row => row.requestBytes,
  responseBytes: row => row.responseBytes,
  method: row => row.method,
  path: row => row.path,
  clientAddress: row => row.clientAddress,
  userAgent: row => row.userAgent,
  backendRequestId: row => row.backendRequestId,
  servedDeployment: row => row.servedDeployment,
  spilledFrom: row => row.spilledFrom,
  objectId: row => row.objectId,
  copyKind: row => row.copyKind,
  copyOf: row => row.copyOf,
  demonstration: row => row.demonstration,
}

export const recordCsvHead = csvLine(Object.keys(csvColumns))

export function recordCsv(row: RecordRow): string {
  return csvLine(Object.values(csvColumns).map(cell => cell(row)))
}
