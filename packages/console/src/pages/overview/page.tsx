import { SegmentedControl, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import { useTimeout } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { mayUse } from '../../api/client.ts'
import { usePerson } from '../../api/whoami.ts'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { useRange } from '../../app/range.ts'
import { useZone } from '../../app/settings.ts'
import { humane } from '../../format/number.ts'
import { asDuration } from '../../format/time.ts'
import { Chart } from '../../parts/chart/chart.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty, Loading } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { overview as text } from '../../texts/overview.ts'
import { states } from '../../texts/shell.ts'
import { Attention } from './attention.tsx'
import { breakdownColumns } from './columns.tsx'
import { FigureCards } from './figure-cards.tsx'
import {
  type Asked,
  attention,
  type Dimension,
  dimensions,
  earlier,
  overTime,
  type Series,
  totals,
  type Usage,
} from './query.ts'
import { quantileLines, troubleLines } from './series.ts'
import { UseCharts, useBrush } from './use-charts.tsx'

/** Calls, tokens, cost, errors and durations of the period, over time and broken down. */
export function Page() {
  const address = useAddress()
  const change = useChangeAddress()
  const by = dimensions.find(name => name === address['by']) ?? 'workload'
  const asked: Asked = { range: useRange(), workload: address['workload'] }
  const person = usePerson()
  const mayAttend = mayUse('GET /api/v1/attention', person.roles)
  const attended = useQuery({ ...attention, enabled: mayAttend })
  const isPatient = usePatience()
  const now = useQuery(totals(by, asked))
  const past = useQuery(earlier(asked))
  return (
    <Frame title={text.title}>
      {mayAttend ? (
        <Attention />
      ) : (
        <Text size="sm" c="dimmed">
          {text.asDeveloper(person.workloads.join(', '))}
        </Text>
      )}
      <QueryView query={now} lines={16}>
        {report =>
          mayAttend && attended.isPending && isPatient ? (
            // What comes above the figures would push them down.
            <Loading lines={16} />
          ) : report.total.calls === 0 ? (
            <Panel>
              <Empty title={text.empty} advice={text.emptyAdvice} />
            </Panel>
          ) : (
            <Stack gap="sm">
              <FigureCards now={report.total} past={past.data?.total ?? null} />
              <OverTime asked={asked} total={report.total} />
              <Breakdown by={by} report={report} onChange={name => change({ by: name }, { replace: true })} />
            </Stack>
          )
        }
      </QueryView>
    </Frame>
  )
}

function OverTime({ asked, total }: { readonly asked: Asked; readonly total: Usage['total'] }) {
  const [zone] = useZone()
  const tz = zone === 'UTC' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone
  const query = useQuery(overTime(asked, tz))
  return (
    <>
      {query.isPending && <ChartsToCome count={5 + total.costs.length} />}
      {!query.isPending && <QueryView query={query}>{series => <Charts series={series} total={total} />}</QueryView>}
    </>
  )
}

/** Of the content of a chart's panel, in px. */
const chartHeight = 228

/** As high as the charts will be, so that nothing moves when they come. */
function ChartsToCome({ count }: { readonly count: number }) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm" role="status" aria-label={states.loading}>
      {Array.from({ length: count }, (_, chart) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same.
        <Panel key={chart}>
          <Skeleton height={chartHeight} />
        </Panel>
      ))}
    </SimpleGrid>
  )
}

const patienceMs = 1_000

/** True for the first second. */
function usePatience(): boolean {
  const [isPatient, setIsPatient] = useState(true)
  useTimeout(() => setIsPatient(false), patienceMs, { autoInvoke: true })
  return isPatient
}

interface ChartsProps {
  readonly series: Series
  readonly total: Usage['total']
}

function Charts({ series, total }: ChartsProps) {
  const shared = { timesMs: series.steps, onBrush: useBrush() }
  return (
    <UseCharts series={series} costs={total.costs}>
      <Panel>
        <Chart
          {...shared}
          title={text.troubles}
          unit={text.callsUnit(series.step)}
          lines={troubleLines(series)}
          format={humane}
        />
      </Panel>
      <Panel>
        <Chart
          {...shared}
          title={text.firstByte}
          unit={text.quantiles}
          lines={quantileLines(series, 'firstByteMs')}
          format={asDuration}
        />
      </Panel>
      <Panel>
        <Chart
          {...shared}
          title={text.durationOverTime}
          unit={text.quantiles}
          lines={quantileLines(series, 'durationMs')}
          format={asDuration}
        />
      </Panel>
    </UseCharts>
  )
}

interface BreakdownProps {
  readonly by: Dimension
  readonly report: Usage
  readonly onChange: (by: Dimension) => void
}

function Breakdown({ by, report, onChange }: BreakdownProps) {
  const choices = (
    <SegmentedControl
      size="xs"
      aria-label={text.breakdown}
      data={dimensions.map(value => ({ value, label: text.by[value] }))}
      value={by}
      onChange={value => onChange(value as Dimension)}
      transitionDuration={0}
    />
  )
  return (
    <Panel title={text.breakdown} aside={choices}>
      <DataTable
        label={text.breakdownBy(text.by[by])}
        columns={breakdownColumns(by, report.total.calls)}
        rows={report.lines}
        keyOf={line => `${line.callerKey}|${line.keys.join('|')}`}
      />
    </Panel>
  )
}
