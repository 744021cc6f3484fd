import { SimpleGrid, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { paths } from '../../app/paths.ts'
import { useRange } from '../../app/range.ts'
import { useZone } from '../../app/settings.ts'
import { asCost } from '../../format/cost.ts'
import { humane } from '../../format/number.ts'
import { Chart } from '../../parts/chart/chart.tsx'
import { Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { limits as text } from '../../texts/limits.ts'
import type { Rule } from './query.ts'
import { seriesOf } from './series.ts'
import { amountsOver, type Window, windowOf } from './window.ts'

interface OverTimeProps {
  readonly rules: readonly Rule[]
  readonly currency: string
}

/** The use of each rule over its window, against its limit. */
export function OverTime({ rules, currency }: OverTimeProps) {
  // Moves on every minute.
  const { toMs } = useRange()
  const shown = rules.flatMap(rule => {
    const window = windowOf(rule, toMs)
    return window === null ? [] : [{ rule, window }]
  })
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
        {shown.map(({ rule, window }) => (
          <Panel key={rule.measure}>
            <RuleChart rule={rule} window={window} currency={currency} />
          </Panel>
        ))}
      </SimpleGrid>
      {shown.length < rules.length && (
        <Text size="sm" c="dimmed">
          {text.noChart}
        </Text>
      )}
    </>
  )
}

interface RuleChartProps {
  readonly rule: Rule
  readonly window: Window
  readonly currency: string
}

function RuleChart({ rule, window, currency }: RuleChartProps) {
  const navigate = useNavigate()
  const [zone] = useZone()
  const tz = zone === 'UTC' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone
  const query = useQuery(seriesOf(window, tz))
  const isCost = rule.measure.startsWith('cost')
  const format = (value: number): string => (isCost ? asCost({ nano: Math.round(value), currency }) : humane(value))
  const onBrush = (fromMs: number, toMs: number): void => {
    const { to, search } = paths.records({
      period: { fromMs, toMs },
      ...(window.workload === null ? {} : { workload: window.workload }),
    })
    void navigate({ to, search: search as never })
  }
  return (
    <QueryView query={query} lines={8}>
      {series => (
        <Chart
          title={text.measures[rule.measure]}
          unit={window.adds ? text.soFar : text.perMinute}
          timesMs={series.steps}
          lines={[
            { label: text.used, colour: 1, values: amountsOver(series, rule, window, currency) },
            { label: text.limit, colour: 2, values: series.steps.map(() => rule.limit) },
          ]}
          format={format}
          onBrush={onBrush}
        />
      )}
    </QueryView>
  )
}
