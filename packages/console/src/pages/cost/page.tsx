import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMay } from '../../api/whoami.ts'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { writePeriod } from '../../app/period.ts'
import { useRange } from '../../app/range.ts'
import { asPercent, humane } from '../../format/number.ts'
import { Costs, Count } from '../../parts/figures.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { Sum, Sums } from '../../parts/sums.tsx'
import { DataTable } from '../../parts/table.tsx'
import { cost as text } from '../../texts/cost.ts'
import { cachedShare, costColumns } from './columns.tsx'
import styles from './cost.module.css'
import { csvOf } from './csv.ts'
import { type BudgetCalendar, minuteIn, wholePeriod, wholePeriods } from './periods.ts'
import { budgetCalendar, costs, type Dimension, dimensions, type Usage } from './query.ts'

/** What calls cost, by month and workload, caller or model: to print, and as CSV. */
export function Page() {
  return (
    <Frame title={text.title}>
      <QueryView query={useQuery(budgetCalendar)} lines={12}>
        {calendar => <Report calendar={calendar} />}
      </QueryView>
    </Frame>
  )
}

function Report({ calendar }: { readonly calendar: BudgetCalendar }) {
  const address = useAddress()
  const by = dimensions.find(name => name === address['by']) ?? 'workload'
  const range = useRange()
  const { workload } = address
  const { timeZone: tz } = calendar
  return (
    <>
      <Periods calendar={calendar} />
      <QueryView query={useQuery(costs({ by, range, workload, tz }))} lines={12}>
        {report =>
          report.total.calls === 0 ? (
            <Panel>
              <Empty title={text.empty} advice={text.emptyAdvice} />
            </Panel>
          ) : (
            <Stack gap="sm">
              <Text size="xs" c="dimmed">
                {text.printed(minuteIn(tz, range.fromMs), minuteIn(tz, range.toMs), tz)}
                {workload !== undefined && text.printedWorkload(workload)}
              </Text>
              <Totals total={report.total} />
              <Lines by={by} report={report} from={minuteIn(tz, range.fromMs).slice(0, 10)} />
            </Stack>
          )
        }
      </QueryView>
    </>
  )
}

function Periods({ calendar }: { readonly calendar: BudgetCalendar }) {
  const change = useChangeAddress()
  const label = text.periodsLabel(calendar.timeZone, calendar.fiscalYearStart)
  return (
    <Group gap={6} className={styles['tools'] ?? ''} role="group" aria-label={label}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      {wholePeriods.map(period => (
        <Button
          key={period}
          size="compact-xs"
          variant="default"
          onClick={() => change(writePeriod(wholePeriod(period, Date.now(), calendar)))}
        >
          {text.periods[period]}
        </Button>
      ))}
    </Group>
  )
}

function Totals({ total }: { readonly total: Usage['total'] }) {
  return (
    <Panel title={text.sums}>
      <Sums>
        <Sum title={text.total}>
          <Costs costs={total.costs} />
        </Sum>
        <Sum title={text.calls}>
          <Count value={total.calls} />
        </Sum>
        <Sum title={text.tokens}>
          <Count value={total.totalTokens} />
        </Sum>
        <Sum title={text.cached}>
          <span title={text.cachedHint}>{asPercent(cachedShare(total))}</span>
        </Sum>
      </Sums>
      {total.unpricedCalls > 0 && (
        <Text size="xs" c="var(--warn)" mt="xs">
          {text.unpriced(humane(total.unpricedCalls))}
        </Text>
      )}
    </Panel>
  )
}

interface LinesProps {
  readonly by: Dimension
  readonly report: Usage
  /** First day of the report. */
  readonly from: string
}

function Lines({ by, report, from }: LinesProps) {
  const change = useChangeAddress()
  const mayCompare = useMay('GET /api/v1/instances')
  const tools = (
    <Group gap={6} className={styles['tools'] ?? ''}>
      <SegmentedControl
        size="xs"
        aria-label={text.byLabel}
        data={dimensions.map(value => ({
          value,
          label: text.by[value],
          disabled: value === 'capacity' && !mayCompare,
        }))}
        value={by}
        onChange={value => change({ by: value }, { replace: true })}
        transitionDuration={0}
      />
      <Button
        size="xs"
        variant="default"
        leftSection={<Icon name="download" />}
        onClick={() => download(by, report, from)}
      >
        {text.csv}
      </Button>
      <Button size="xs" variant="default" onClick={() => print()}>
        {text.print}
      </Button>
    </Group>
  )
  return (
    <Panel title={text.table(text.by[by])} aside={tools}>
      <DataTable
        label={text.by[by]}
        columns={costColumns(by, report.total)}
        rows={report.lines}
        keyOf={({ keys, callerKey }) => `${callerKey}|${keys.join('|')}`}
      />
      {by === 'capacity' && (
        <Text size="xs" c="dimmed" mt="xs">
          {text.provisionedHint}
        </Text>
      )}
    </Panel>
  )
}

function download(by: Dimension, { lines }: Usage, from: string): void {
  const address = URL.createObjectURL(new Blob([csvOf(by, lines)], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = address
  link.download = text.csvName(by, from)
  link.click()
  URL.revokeObjectURL(address)
}
