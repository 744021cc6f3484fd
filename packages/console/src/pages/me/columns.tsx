import { Group, Text } from '@mantine/core'
import { mayUse } from '../../api/client.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Costs, Count, Duration, Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Outcome } from '../../parts/outcome.tsx'
import type { Column } from '../../parts/table.tsx'
import { me as text } from '../../texts/me.ts'
import { ruleColumns } from '../limits/columns.tsx'
import type { Call, Rule } from './query.ts'

/** What the limits page shows of a rule, without what is the matter of operators. */
export function ownRuleColumns(currency: string): readonly Column<Rule>[] {
  const [rule, , measure, use, remaining, renews] = ruleColumns({ currency, names: new Map() })
  const scope: Column<Rule> = {
    title: text.limitFor,
    cell: one => (one.subject === null ? one.scope : text.own),
  }
  return [rule, scope, measure, use, remaining, renews].filter(column => column !== undefined)
}

/** @param roles those of the reader: only some may open a record. */
export function callColumns(roles: readonly string[]): readonly Column<Call>[] {
  const titles = text.columns
  const opens = mayUse('GET /api/v1/records/{id}', roles)
  return [
    {
      title: titles.time,
      isName: true,
      cell: ({ id, startedAtMs }) =>
        opens ? (
          <PlaceLink place={paths.record(id)}>
            <Moment ms={startedAtMs} />
          </PlaceLink>
        ) : (
          <Moment ms={startedAtMs} />
        ),
    },
    {
      title: titles.outcome,
      cell: ({ outcome, outcomeCode, status }) => (
        <Group gap={6} wrap="nowrap">
          <Outcome outcome={outcome} code={outcomeCode} />
          {outcome === 'completed' && status !== null && status >= 400 && (
            <Text span inherit c="var(--warn)">
              {status}
            </Text>
          )}
        </Group>
      ),
    },
    { title: titles.workload, cell: ({ workload }) => written(workload) },
    { title: titles.model, cell: ({ servedModel, requestedModel }) => written(servedModel ?? requestedModel) },
    { title: titles.duration, align: 'right', cell: ({ durationMs }) => <Duration ms={durationMs} /> },
    {
      title: titles.tokens,
      align: 'right',
      cell: ({ usage: { totalTokens } }) => (totalTokens === null ? text.none : <Count value={totalTokens} />),
    },
    {
      title: titles.cost,
      align: 'right',
      cell: ({ cost }) => (cost === null ? text.none : <Costs costs={[cost]} />),
    },
  ]
}

function written(value: string | null) {
  return value === null ? text.none : <Foreign text={value} />
}
