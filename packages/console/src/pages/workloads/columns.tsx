import { Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { type Place, paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Costs, Count } from '../../parts/figures.tsx'
import { Mood } from '../../parts/mood.tsx'
import type { Column } from '../../parts/table.tsx'
import { workloads as text } from '../../texts/workloads.ts'
import type { Line, Workload } from './query.ts'
import { ruleText } from './rules.ts'

/** A workload and its calls of the period; null while these are not known, or where there are none. */
export interface Row {
  readonly workload: Workload
  readonly line: Line | null
}

const titles = text.columns

export const workloadColumns: readonly Column<Row>[] = [
  {
    title: titles.name,
    isName: true,
    order: ({ workload }) => workload.name,
    cell: ({ workload: { name } }) => <PlaceLink place={paths.workload(name)}>{name}</PlaceLink>,
  },
  {
    title: titles.mayCall,
    cell: ({ workload }) => (workload.mayCall ? <Mood is="good">{text.mayCall}</Mood> : text.mayNot),
  },
  { title: titles.callers, cell: ({ workload }) => <Callers workload={workload} /> },
  { title: titles.targets, cell: ({ workload: { targets } }) => <Names names={targets.map(({ name }) => name)} /> },
  { title: titles.deployments, cell: ({ workload: { deployments } }) => <Names names={deployments} /> },
  figure(
    titles.calls,
    ({ calls }) => calls,
    ({ name }) => paths.records({ workload: name }),
  ),
  figure(titles.tokens, ({ totalTokens }) => totalTokens),
  {
    title: titles.cost,
    align: 'right',
    order: ({ line }) => line?.costs[0]?.nano ?? 0,
    cell: ({ line }) => <Costs costs={line?.costs ?? []} />,
  },
  figure(
    titles.errors,
    ({ failed }) => failed,
    ({ name }) => paths.records({ workload: name, outcome: 'failed' }),
  ),
  figure(
    titles.refusals,
    ({ refused }) => refused,
    ({ name }) => paths.records({ workload: name, outcome: 'refused' }),
  ),
]

function figure(title: string, read: (line: Line) => number, place?: (workload: Workload) => Place): Column<Row> {
  const amountOf = ({ line }: Row): number => (line === null ? 0 : read(line))
  return {
    title,
    align: 'right',
    order: amountOf,
    cell: row => {
      const value = amountOf(row)
      if (place === undefined || value === 0) return <Count value={value} />
      return (
        <PlaceLink place={place(row.workload)}>
          <Count value={value} />
        </PlaceLink>
      )
    },
  }
}

/** How many of each kind; the rules themselves on hover. */
function Callers({ workload: { callers } }: { readonly workload: Workload }): ReactNode {
  const kinds = Map.groupBy(callers, ({ kind }) => kind)
  const said = [...kinds].map(([kind, rules]) => text.counted[kind](rules.length))
  return <span title={callers.map(rule => ruleText(rule, new Map())).join('\n')}>{said.join(', ')}</span>
}

function Names({ names }: { readonly names: readonly string[] }) {
  return (
    <Stack gap={0}>
      {names.map(name => (
        <span key={name}>{name}</span>
      ))}
    </Stack>
  )
}
