import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMay } from '../../api/whoami.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { exactly } from '../../format/number.ts'
import { asDuration } from '../../format/time.ts'
import { QueryView } from '../../parts/query-view.tsx'
import { DataTable } from '../../parts/table.tsx'
import { record as text } from '../../texts/record.ts'
import { ruleColumns } from '../limits/columns.tsx'
import { limitRules, type Rule } from '../limits/query.ts'
import type { RecordRow } from './query.ts'

/** What the limits did with the call, and the rules that such a call meets now. */
export function LimitsMet({ row }: { readonly row: RecordRow }) {
  const may = useMay('GET /api/v1/limits')
  const { workload } = row
  return (
    <>
      {saidOf(row).map(said => (
        <Text key={said} size="sm">
          {said}
        </Text>
      ))}
      {workload !== null && (
        <Text size="xs" c="dimmed" mt={4}>
          {may ? text.rulesNow : text.rulesForbidden}
        </Text>
      )}
      {workload !== null && may && <RulesNow row={row} workload={workload} />}
    </>
  )
}

function RulesNow({ row, workload }: { readonly row: RecordRow; readonly workload: string }) {
  const query = useQuery(limitRules(workload))
  return (
    <QueryView query={query} lines={3}>
      {({ rules, currency }) => {
        const met = rules.filter(({ subject }) => subject === null || subject === callerOf(row))
        const [name, scope, measure, use] = ruleColumns({ currency, names: new Map() })
        if (met.length === 0) return <Text size="sm">{text.noRules}</Text>
        return (
          <>
            <DataTable<Rule>
              label={text.limits}
              columns={[name, scope, measure, use].filter(column => column !== undefined)}
              rows={met}
              keyOf={({ rule, measure: of, subject, counter }) => `${rule}|${of}|${subject}|${counter}`}
            />
            <Text size="sm" mt={4}>
              <PlaceLink place={paths.limits()}>{text.allRules}</PlaceLink>
            </Text>
          </>
        )
      }}
    </QueryView>
  )
}

/** As limits know a caller. */
function callerOf({ callerKind, callerTenantId, callerObjectId, callerAppId }: RecordRow): string {
  return callerKind === 'user' ? `user:${callerTenantId}/${callerObjectId}` : `app:${callerTenantId}/${callerAppId}`
}

const byLimits = /limit_reached$|^budget_exhausted$|^request_exceeds_limit$|^limits_unavailable$/

function saidOf({ outcomeCode, reservedTokens, usage, waitedMs }: RecordRow): readonly string[] {
  const refused = outcomeCode !== null && byLimits.test(outcomeCode) ? [text.refusedBy(outcomeCode)] : []
  const waited = waitedMs === null || waitedMs === 0 ? [] : [text.waitedInLine(asDuration(waitedMs))]
  const { totalTokens } = usage
  if (refused.length > 0) return [...refused, ...waited]
  if (reservedTokens === null) return [...waited, text.nothingReserved]
  const reserved = text.reserved(exactly(reservedTokens))
  if (totalTokens === null) return [...waited, reserved]
  const used = totalTokens > reservedTokens ? text.usedMore : text.usedLess
  return [...waited, `${reserved} ${used(exactly(totalTokens))}`]
}
