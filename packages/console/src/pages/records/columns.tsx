import type { ReactNode } from 'react'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { exactCost } from '../../format/cost.ts'
import { Costs, Count, Duration, Moment } from '../../parts/figures.tsx'
import { Foreign, ForeignName } from '../../parts/foreign.tsx'
import { Outcome } from '../../parts/outcome.tsx'
import { records as text } from '../../texts/records.ts'
import type { RecordRow } from './query.ts'

export type ColumnName = keyof typeof text.names

export interface RecordColumn {
  readonly name: ColumnName
  /** Least width in px, and its share of what is left. */
  readonly width: number
  readonly share: number
  readonly align?: 'right'
  readonly cell: (row: RecordRow) => ReactNode
}

const written = (value: string | null): ReactNode => (value === null ? text.none : <Foreign text={value} />)
const named = (value: string | null): ReactNode => (value === null ? text.none : <ForeignName text={value} />)
const counted = (value: number | null): ReactNode => (value === null ? text.none : <Count value={value} />)

/** All columns, in their order. */
export const recordColumns: readonly RecordColumn[] = [
  { name: 'time', width: 136, share: 0, cell: row => <Moment ms={row.startedAtMs} /> },
  { name: 'outcome', width: 118, share: 1.4, cell: row => <Outcome outcome={row.outcome} code={row.outcomeCode} /> },
  {
    name: 'why',
    width: 76,
    share: 0,
    cell: row =>
      row.outcome === 'refused' || row.outcome === 'failed' ? (
        <PlaceLink place={paths.explain({ record: row.id })}>{text.explain}</PlaceLink>
      ) : null,
  },
  { name: 'caller', width: 112, share: 1.2, cell: row => written(row.callerName ?? row.callerObjectId) },
  { name: 'workload', width: 110, share: 1, cell: row => named(row.workload) },
  { name: 'model', width: 152, share: 1, cell: row => named(row.servedModel ?? row.requestedModel) },
  { name: 'deployment', width: 120, share: 1, cell: row => named(row.deployment) },
  { name: 'instance', width: 166, share: 1, cell: row => named(row.instance) },
  { name: 'operation', width: 130, share: 1, cell: row => written(row.operation) },
  { name: 'status', width: 56, share: 0, align: 'right', cell: row => row.status ?? text.none },
  { name: 'firstByte', width: 78, share: 0, align: 'right', cell: row => <Duration ms={row.timeToFirstByteMs} /> },
  { name: 'duration', width: 78, share: 0, align: 'right', cell: row => <Duration ms={row.durationMs} /> },
  { name: 'prompt', width: 76, share: 0, align: 'right', cell: row => counted(row.usage.promptTokens) },
  { name: 'completion', width: 88, share: 0, align: 'right', cell: row => counted(row.usage.completionTokens) },
  { name: 'tokens', width: 70, share: 0, align: 'right', cell: row => counted(row.usage.totalTokens) },
  { name: 'cost', width: 108, share: 0, align: 'right', cell: row => <Price row={row} /> },
  { name: 'client', width: 150, share: 1.2, cell: row => written(row.userAgent) },
  { name: 'replica', width: 110, share: 0.6, cell: row => named(row.replica) },
]

const shownByDefault: readonly ColumnName[] = [
  'time',
  'outcome',
  'caller',
  'workload',
  'model',
  'instance',
  'firstByte',
  'duration',
  'tokens',
  'cost',
]

const refusals: readonly ColumnName[] = [
  'time',
  'outcome',
  'why',
  'caller',
  'workload',
  'deployment',
  'operation',
  'status',
  'duration',
]

/** What a reader of refusals wants to know of each. @param outcome the filter. */
export function usualColumns(outcome: string | undefined): string | undefined {
  return outcome === 'refused' ? refusals.join(',') : undefined
}

/** The columns that are named, in their order; the usual ones where none is. @param named `time,outcome`. */
export function columnsIn(named: string | undefined): readonly RecordColumn[] {
  const names: readonly string[] = named?.split(',') ?? shownByDefault
  const found = recordColumns.filter(({ name }) => names.includes(name))
  return found.length === 0 ? columnsIn(undefined) : found
}

function Price({ row: { cost } }: { readonly row: RecordRow }) {
  return cost === null ? text.none : <span title={exactCost(cost)}>{<Costs costs={[cost]} />}</span>
}
