import type { RecordsPlace } from '../../app/paths.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { asPercent, exactly } from '../../format/number.ts'
import { Costs, Count, Duration } from '../../parts/figures.tsx'
import type { Column } from '../../parts/table.tsx'
import { overview as text } from '../../texts/overview.ts'
import type { Dimension, Usage } from './query.ts'

type Line = Usage['lines'][number]

/** @param calls of all lines. */
export function breakdownColumns(by: Dimension, calls: number): readonly Column<Line>[] {
  const titles = text.columns
  return [
    { title: text.by[by], cell: line => <Name by={by} line={line} />, isName: true },
    { title: titles.calls, align: 'right', cell: line => <Count value={line.calls} />, order: line => line.calls },
    {
      title: titles.share,
      align: 'right',
      cell: line => <span title={exactly(line.calls)}>{asPercent(calls === 0 ? 0 : line.calls / calls)}</span>,
    },
    { title: titles.errors, align: 'right', cell: line => <Count value={line.failed} />, order: line => line.failed },
    {
      title: titles.refusals,
      align: 'right',
      cell: line => <Count value={line.refused} />,
      order: line => line.refused,
    },
    {
      title: titles.tokens,
      align: 'right',
      cell: line => <Count value={line.totalTokens} />,
      order: line => line.totalTokens,
    },
    {
      title: titles.cost,
      align: 'right',
      cell: line => <Costs costs={line.costs} />,
      order: line => line.costs.reduce((sum, { nano }) => sum + nano, 0),
    },
    {
      title: titles.duration,
      align: 'right',
      cell: line => <Duration ms={line.averageDurationMs} />,
      order: line => line.averageDurationMs ?? 0,
    },
  ]
}

function Name({ by, line }: { readonly by: Dimension; readonly line: Line }) {
  const name = line.keys[0] ?? null
  const place = placeOf(by, line)
  if (place === null) return <span>{name ?? text.unnamed}</span>
  return <PlaceLink place={paths.records(place)}>{name ?? text.unnamed}</PlaceLink>
}

/** The records of a line; null where they cannot be filtered by it. */
function placeOf(by: Dimension, { keys: [name = null], callerKey }: Line): RecordsPlace | null {
  const value = by === 'caller' ? callerKey : name
  return value === null ? null : { [by]: value }
}
