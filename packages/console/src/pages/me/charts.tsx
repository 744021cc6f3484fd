import { SimpleGrid } from '@mantine/core'
import { useChangeAddress } from '../../app/address.ts'
import { writePeriod } from '../../app/period.ts'
import { humane } from '../../format/number.ts'
import { Chart } from '../../parts/chart/chart.tsx'
import { Panel } from '../../parts/panel.tsx'
import { overview as text } from '../../texts/overview.ts'
import { costLine, outcomeLines, tokenLines } from '../overview/series.ts'
import type { OwnSeries } from './query.ts'

const amounts = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** Calls, tokens and cost over time. */
export function Charts({ series }: { readonly series: OwnSeries }) {
  const change = useChangeAddress()
  const { step, steps: timesMs, total } = series
  const shared = { timesMs, onBrush: (fromMs: number, toMs: number) => change(writePeriod({ fromMs, toMs })) }
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
      {total.costs.map(({ currency }) => (
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
    </SimpleGrid>
  )
}
