/** The functions' answers, computed from the records by plain means. */
import { callerKey } from '../../packages/gateway/src/identity/index.ts'
import type { Outcome, RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import type { Row } from './cluster.ts'

type Key = string | number | boolean | null

/** Groups in the order of their keys: null before all, then by number or by code point. */
function grouped(
  rows: readonly RecordRow[],
  keysOf: (row: RecordRow) => Readonly<Record<string, Key>>,
  figuresOf: (rows: readonly RecordRow[]) => Row,
): Row[] {
  const groups = new Map<string, { readonly keys: Readonly<Record<string, Key>>; readonly rows: RecordRow[] }>()
  for (const row of rows) {
    const keys = keysOf(row)
    const name = JSON.stringify(keys)
    const group = groups.get(name) ?? { keys, rows: [] }
    group.rows.push(row)
    groups.set(name, group)
  }
  return [...groups.values()]
    .toSorted((a, b) => compare(Object.values(a.keys), Object.values(b.keys)))
    .map(({ keys, rows: members }) => ({ ...keys, ...figuresOf(members) }))
}

function compare(a: readonly Key[], b: readonly Key[]): number {
  const at = a.findIndex((key, index) => key !== b[index])
  const [one, other] = [a[at] ?? null, b[at] ?? null]
  if (at === -1) return 0
  if (one === null) return -1
  if (other === null) return 1
  return one < other ? -1 : 1
}

const callsOf = (rows: readonly RecordRow[]): number => sum(rows, ({ summedCalls }) => summedCalls)
const sum = (rows: readonly RecordRow[], value: (row: RecordRow) => number | null): number =>
  rows.reduce((total, row) => total + (value(row) ?? 0), 0)

function callerOf({ callerKind: kind, callerTenantId, callerObjectId, callerAppId }: RecordRow): string {
  if (kind === null) return ''
  return callerKey({ kind, tenantId: callerTenantId ?? '', objectId: callerObjectId ?? '', appId: callerAppId })
}
const modelOf = ({ servedModel, requestedModel }: RecordRow): string => servedModel ?? requestedModel ?? ''
const deploymentOf = ({ servedDeployment, deployment }: RecordRow): string => servedDeployment ?? deployment ?? ''
const startOf = (ms: number, unitMs: number): number => Math.floor(ms / unitMs) * unitMs

export function usage(records: readonly RecordRow[]): Row[] {
  const outcome = (rows: readonly RecordRow[], name: Outcome): number =>
    callsOf(rows.filter(row => row.outcome === name))
  return grouped(
    records,
    row => ({ Workload: row.workload ?? '', Caller: callerOf(row) }),
    rows => ({
      Calls: callsOf(rows),
      Completed: outcome(rows, 'completed'),
      Refused: outcome(rows, 'refused'),
      Failed: outcome(rows, 'failed'),
      Aborted: outcome(rows, 'aborted'),
      Interrupted: outcome(rows, 'interrupted'),
      PromptTokens: sum(rows, row => row.usage.promptTokens),
      CachedTokens: sum(rows, row => row.usage.cachedTokens),
      CompletionTokens: sum(rows, row => row.usage.completionTokens),
      ReasoningTokens: sum(rows, row => row.usage.reasoningTokens),
      TotalTokens: sum(rows, row => row.usage.totalTokens),
      EstimatedCalls: rows.filter(row => row.usage.source === 'counted' || row.usage.source === 'bounded').length,
      Copies: rows.filter(row => row.copyKind !== null).length,
      CallerName:
        rows.filter(row => row.callerName !== null).toSorted((a, b) => b.startedAtMs - a.startedAtMs)[0]?.callerName ??
        '',
    }),
  ).toSorted((a, b) => descending(a, b, 'TotalTokens') || descending(a, b, 'Calls'))
}

const descending = (a: Row, b: Row, name: string): number => Number(b[name]) - Number(a[name])

export function costByDay(records: readonly RecordRow[]): Row[] {
  return grouped(
    records.filter(row => row.cost !== null || (row.usage.totalTokens ?? 0) > 0),
    row => ({
      Day: startOf(row.startedAtMs, 86_400_000),
      Workload: row.workload ?? '',
      Model: modelOf(row),
      Currency: row.cost?.currency ?? '',
    }),
    rows => ({
      CostNano: sum(rows, row => row.cost?.nano ?? null),
      TotalTokens: sum(rows, row => row.usage.totalTokens),
      UnpricedCalls: rows.filter(row => row.cost === null).length,
      Cost: sum(rows, row => row.cost?.nano ?? null) / 1e9,
    }),
  )
}

export function errors(records: readonly RecordRow[]): Row[] {
  return grouped(
    records.filter(row => row.outcome !== 'completed' || (row.status ?? 0) >= 400),
    row => ({
      Outcome: row.outcome,
      OutcomeCode: row.outcomeCode ?? '',
      Status: row.status,
      Workload: row.workload ?? '',
      Instance: row.instance ?? '',
    }),
    rows => ({
      Calls: callsOf(rows),
      FirstAt: Math.min(...rows.map(row => row.startedAtMs)),
      LastAt: Math.max(...rows.map(row => row.startedAtMs)),
    }),
  ).toSorted((a, b) => descending(a, b, 'Calls'))
}

export function latency(records: readonly RecordRow[]): Row[] {
  return grouped(
    records.filter(row => row.outcome === 'completed' && (row.status ?? 400) < 400 && row.copyKind === null),
    row => ({
      Instance: row.instance ?? '',
      Deployment: deploymentOf(row),
      Operation: row.operation ?? '',
      Stream: row.stream,
    }),
    rows => {
      const durations = rows.map(row => row.durationMs)
      const firstBytes = rows.flatMap(row => row.timeToFirstByteMs ?? [])
      return {
        Calls: rows.length,
        ...{ DurationP50: rank(durations, 50), DurationP90: rank(durations, 90), DurationP99: rank(durations, 99) },
        ...{
          FirstByteP50: rank(firstBytes, 50),
          FirstByteP90: rank(firstBytes, 90),
          FirstByteP99: rank(firstBytes, 99),
        },
      }
    },
  )
}

/** The nearest rank: the smallest value that at least so many per cent do not exceed. */
function rank(values: readonly number[], percent: number): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)] ?? null
}

export interface Capacity {
  readonly instance: string
  readonly deployment: string
  readonly tokensPerMinute: number
  readonly completionTokenWeight: number
}

export function ptuUtilisation(records: readonly RecordRow[], capacity: Capacity): Row[] {
  const weighed = ({ usage: { promptTokens, cachedTokens, completionTokens } }: RecordRow): number =>
    (promptTokens ?? 0) - (cachedTokens ?? 0) + capacity.completionTokenWeight * (completionTokens ?? 0)
  return grouped(
    records.filter(row => row.instance === capacity.instance && deploymentOf(row) === capacity.deployment),
    row => ({
      Minute: startOf(row.startedAtMs, 60_000),
      Instance: row.instance ?? '',
      Deployment: deploymentOf(row),
    }),
    rows => ({
      Calls: callsOf(rows),
      Tokens: sum(rows, weighed),
      TokensPerMinute: capacity.tokensPerMinute,
      Utilisation: sum(rows, weighed) / capacity.tokensPerMinute,
    }),
  )
}
