import { type Place, paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Costs, Count, Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Outcome } from '../../parts/outcome.tsx'
import type { Column } from '../../parts/table.tsx'
import { workloads as text } from '../../texts/workloads.ts'
import { forecastColumn, ruleColumns, type Shown } from '../limits/columns.tsx'
import type { ErrorLine, Line, Rule } from './query.ts'

/** @param nowMs until when windows have passed. */
export function limitColumns(shown: Shown, nowMs: number): readonly Column<Rule>[] {
  const [rule, scope, measure, use, remaining, renews, refused] = ruleColumns(shown)
  const forecast = { ...forecastColumn(shown.currency, nowMs), title: text.forecast }
  return [rule, scope, measure, use, remaining, renews, forecast, refused].filter(column => column !== undefined)
}

export function callerColumns(workload: string): readonly Column<Line>[] {
  const titles = text.columns
  const count = (title: string, read: (line: Line) => number): Column<Line> => ({
    title,
    align: 'right',
    order: read,
    cell: line => <Count value={read(line)} />,
  })
  return [
    {
      title: text.caller,
      isName: true,
      order: ({ keys: [name] }) => name ?? '',
      cell: line => <Caller line={line} workload={workload} />,
    },
    count(titles.calls, ({ calls }) => calls),
    count(titles.tokens, ({ totalTokens }) => totalTokens),
    {
      title: titles.cost,
      align: 'right',
      order: ({ costs }) => costs[0]?.nano ?? 0,
      cell: ({ costs }) => <Costs costs={costs} />,
    },
    count(titles.errors, ({ failed }) => failed),
    count(titles.refusals, ({ refused }) => refused),
  ]
}

function Caller({ line: { keys, callerKey }, workload }: { readonly line: Line; readonly workload: string }) {
  const name = <Foreign text={keys[0] ?? text.mayNot} />
  return callerKey === null ? (
    name
  ) : (
    <PlaceLink place={paths.records({ workload, caller: callerKey })}>{name}</PlaceLink>
  )
}

export function errorColumns(workload: string): readonly Column<ErrorLine>[] {
  const titles = text.error
  return [
    {
      title: titles.kind,
      isName: true,
      order: ({ code, outcome }) => code ?? outcome,
      cell: line => (
        <PlaceLink place={placeOf(line, workload)}>
          {line.outcome === 'completed' ? text.answered : <Outcome outcome={line.outcome} code={line.code} />}
        </PlaceLink>
      ),
    },
    { title: titles.status, align: 'right', cell: ({ status }) => status ?? text.mayNot },
    { title: titles.calls, align: 'right', order: ({ calls }) => calls, cell: ({ calls }) => <Count value={calls} /> },
    {
      title: titles.last,
      align: 'right',
      order: ({ lastCallAtMs }) => lastCallAtMs,
      cell: ({ lastCallAtMs }) => <Moment ms={lastCallAtMs} />,
    },
  ]
}

/** The records of a kind of error. */
function placeOf({ outcome, code, status }: ErrorLine, workload: string): Place {
  return paths.records({
    ...{ workload, outcome },
    ...(code === null ? {} : { outcomeCode: code }),
    ...(status === null ? {} : { status: String(status) }),
  })
}
