import { Alert, Group, Pill, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { useLiveState } from '../../app/live.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { limits as text } from '../../texts/limits.ts'
import { budgetColumns, ruleColumns, shareOf } from './columns.tsx'
import { isBudget } from './forecast.ts'
import { OverTime } from './over-time.tsx'
import { callerNames, type Limits, limitRules, limitsKey, ofWorkload, type Rule } from './query.ts'

const nearShare = 0.8

const keyOf = ({ rule, measure, subject, counter }: Rule): string => `${rule}|${measure}|${subject}|${counter}`

/** What each limit has used, who is close to one, and how the month, quarter or year will end. */
export function Page() {
  const { workload } = useAddress()
  const live = useLiveState('limits', [limitsKey, workload], limits => ofWorkload(limits, workload))
  return (
    <Frame title={text.title}>
      <QueryView query={useQuery({ ...limitRules(workload), ...live })} lines={12}>
        {report =>
          report.rules.length === 0 ? (
            <Panel>
              <Empty title={workload === undefined ? text.empty : text.emptyOf(workload)} advice={text.emptyAdvice} />
            </Panel>
          ) : (
            <Report report={report} />
          )
        }
      </QueryView>
    </Frame>
  )
}

const noNames: ReadonlyMap<string, string> = new Map()

/** Only one rule is shown, as a link asked for it. */
function OneRule({ name }: { readonly name: string }) {
  const change = useChangeAddress()
  return (
    <Group gap="xs">
      <Pill
        withRemoveButton
        onRemove={() => change({ rule: undefined })}
        removeButtonProps={{ 'aria-label': text.everyRule, 'aria-hidden': false, tabIndex: 0 }}
      >
        {text.oneRule(name)}
      </Pill>
    </Group>
  )
}

function Report({ report: { rules: all, currency, state } }: { readonly report: Limits }) {
  const { rule: named } = useAddress()
  const hasSubjects = all.some(({ subject }) => subject !== null)
  const { data: names = noNames } = useQuery({ ...callerNames, enabled: hasSubjects })
  const shown = { currency, names, opens: true }
  const rules = named === undefined ? all : all.filter(({ rule }) => rule === named)
  const fullest = rules.toSorted((one, other) => shareOf(other) - shareOf(one))
  const near = fullest.filter(rule => shareOf(rule) >= nearShare)
  const budgets = rules.filter(({ measure }) => isBudget(measure))
  return (
    <Stack gap="sm">
      {named !== undefined && <OneRule name={named} />}
      {named !== undefined && <OverTime rules={rules} currency={currency} />}
      {state !== 'ok' && (
        <Alert color="red" icon={<Icon name="warning" />}>
          {text.stores[state]}
        </Alert>
      )}
      <Panel title={text.near}>
        {near.length === 0 ? (
          <Text c="dimmed">{text.nobodyNear}</Text>
        ) : (
          <DataTable label={text.nearTable} columns={ruleColumns(shown)} rows={near} keyOf={keyOf} />
        )}
      </Panel>
      {budgets.length > 0 && (
        <Panel title={text.budgets}>
          <DataTable
            label={text.budgetsTable}
            columns={budgetColumns(shown, Date.now())}
            rows={budgets}
            keyOf={keyOf}
          />
        </Panel>
      )}
      <Panel title={text.all}>
        <DataTable label={text.allTable} columns={ruleColumns(shown)} rows={fullest} keyOf={keyOf} />
        <Text size="xs" c="dimmed" mt="xs">
          {text.refusedHint}
        </Text>
      </Panel>
    </Stack>
  )
}
