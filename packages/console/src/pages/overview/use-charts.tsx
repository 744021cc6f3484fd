import { SimpleGrid } from '@mantine/core'
import type { ReactNode } from 'react'
import { useChangeAddress } from '../../app/address.ts'
import { writePeriod } from '../../app/period.ts'
import { humane } from '../../format/number.ts'
import { Chart } from '../../parts/chart/chart.tsx'
import { Panel } from '../../parts/panel.tsx'
import { overview as text } from '../../texts/overview.ts'
import type { Series } from './query.ts'
import { costLine, outcomeLines, tokenLines } from './series.ts'

interface UseChartsProps {
  readonly series: Series
  /** Currencies that were paid in. */
  readonly costs: readonly { readonly currency: string }[]
  /** Further panels with charts. */
  readonly children?: ReactNode
}

const amounts = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** What a drag over a chart does: the period becomes what was chosen. */
export function useBrush(): (fromMs: number, toMs: number) => void {
  const change = useChangeAddress()
  return (fromMs, toMs) => change(writePeriod({ fromMs, toMs }))
}

/** Calls, tokens and cost over time. */
export function UseCharts({ series, costs, children }: UseChartsProps) {
  const { step, steps: timesMs } = series
  const shared = { timesMs, onBrush: useBrush() }
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
      <Panel>
        <Chart
          {...shared}
          title={text.callsByOutcome}
          unit={text.callsUnit(step)}
          lines={outcomeLines(series)}
          stacked
          format={humane}
        />
      </Panel>
      <Panel>
        <Chart
          {...shared}
          title={text.tokensOverTime}
          unit={text.tokensUnit(step)}
          lines={tokenLines(series)}
          stacked
          format={humane}
        />
      </Panel>
      {costs.map(({ currency }) => (
        <Panel key={currency}>
          <Chart
            {...shared}
            title={text.costOverTime}
            unit={text.costUnit(currency, step)}
            lines={[costLine(series, currency)]}
            format={value => amounts.format(value)}
          />
        </Panel>
      ))}
      {children}
    </SimpleGrid>
  )
}
