import { Group } from '@mantine/core'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { asPercent } from '../../format/number.ts'
import { Costs, Count } from '../../parts/figures.tsx'
import { Meter } from '../../parts/meter.tsx'
import type { Column } from '../../parts/table.tsx'
import { cost as text } from '../../texts/cost.ts'
import type { Dimension, Line, Usage } from './query.ts'

const titles = text.columns

type Figures = Pick<Line, 'costs'>

const nanoOf = ({ costs }: Figures): number => costs[0]?.nano ?? 0

/** The cached part of all prompt tokens, 0 to 1. */
export function cachedShare({ cachedTokens, promptTokens }: Pick<Line, 'cachedTokens' | 'promptTokens'>): number {
  return promptTokens === 0 ? 0 : cachedTokens / promptTokens
}

export function costColumns(by: Dimension, total: Usage['total']): readonly Column<Line>[] {
  return [
    { title: titles.month, cell: ({ keys: [month] }) => month ?? '', order: ({ keys: [month] }) => month ?? '' },
    {
      title: text.by[by],
      cell: line => <Name by={by} line={line} />,
      isName: true,
      order: ({ keys: [, name] }) => name ?? '',
    },
    { title: titles.calls, align: 'right', cell: ({ calls }) => <Count value={calls} />, order: ({ calls }) => calls },
    {
      title: titles.prompt,
      align: 'right',
      cell: ({ promptTokens }) => <Count value={promptTokens} />,
      order: ({ promptTokens }) => promptTokens,
    },
    { title: titles.cached, align: 'right', cell: line => asPercent(cachedShare(line)), order: cachedShare },
    {
      title: titles.completion,
      align: 'right',
      cell: ({ completionTokens }) => <Count value={completionTokens} />,
      order: ({ completionTokens }) => completionTokens,
    },
    { title: titles.unpriced, align: 'right', cell: ({ unpricedCalls }) => <Count value={unpricedCalls} /> },
    { title: titles.cost, align: 'right', cell: ({ costs }) => <Costs costs={costs} />, order: nanoOf },
    { title: titles.share, cell: line => <Share line={line} total={total} /> },
  ]
}

function Share({ line, total }: { readonly line: Line; readonly total: Usage['total'] }) {
  const share = nanoOf(total) === 0 ? 0 : nanoOf(line) / nanoOf(total)
  return (
    <Group gap={8} wrap="nowrap">
      <Meter label={`${titles.share}, ${line.keys.join(' ')}`} share={share} warns={false} />
      {asPercent(share)}
    </Group>
  )
}

function Name({ by, line: { keys, callerKey } }: { readonly by: Dimension; readonly line: Line }) {
  const name = keys[1] ?? null
  const value = by === 'caller' ? callerKey : name
  if (value === null || by === 'capacity') return <span>{name ?? text.unnamed}</span>
  return <PlaceLink place={paths.records({ [by]: value })}>{name ?? value}</PlaceLink>
}
