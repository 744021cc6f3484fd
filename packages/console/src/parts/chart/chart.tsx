import 'uplot/dist/uPlot.min.css'
import { ActionIcon, Group, Table, Text, Tooltip, UnstyledButton, useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import { useZone } from '../../app/settings.ts'
import { asMinute } from '../../format/time.ts'
import { chart as text } from '../../texts/chart.ts'
import { Icon } from '../icons.tsx'
import styles from './chart.module.css'
import { chartOptions, type Line, stackedValues } from './options.ts'

export interface ChartProps {
  readonly title: string
  /** As it stands beside the title: `calls`, `tokens per hour`, `ms`. */
  readonly unit: string
  /** Instants of the values, ms since the epoch, ascending. */
  readonly timesMs: readonly number[]
  readonly lines: readonly Line[]
  /** One upon the other, where their sum says something. */
  readonly stacked?: boolean
  readonly height?: number
  readonly format: (value: number) => string
  /** Called with the range that was brushed. */
  readonly onBrush: (fromMs: number, toMs: number) => void
}

/** A chart over time with its unit, a legend that filters, a range to brush, and a table of the same figures. */
export function Chart({ title, unit, timesMs, lines, stacked = false, height = 180, format, onBrush }: ChartProps) {
  const [isTable, setIsTable] = useState(false)
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const shown = lines.filter(({ label }) => !hidden.has(label))
  const toggle = (label: string): void => {
    setHidden(new Set(hidden.has(label) ? [...hidden].filter(one => one !== label) : [...hidden, label]))
  }
  const headingId = useId()
  const props = { title, timesMs, lines: shown, stacked, height, format, onBrush }
  return (
    <figure className={styles['figure']} aria-labelledby={headingId}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text id={headingId} component="figcaption" fw={600}>
          {title}{' '}
          <Text span c="dimmed" size="xs" fw={400}>
            {unit}
          </Text>
        </Text>
        <Tooltip label={isTable ? text.asChart : text.asTable}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={`${title}: ${isTable ? text.asChart : text.asTable}`}
            onClick={() => setIsTable(!isTable)}
          >
            <Icon name={isTable ? 'chart' : 'table'} />
          </ActionIcon>
        </Tooltip>
      </Group>
      {isTable ? <Figures {...props} /> : <Plot {...props} />}
      <Legend lines={lines} hidden={hidden} onToggle={toggle} />
    </figure>
  )
}

interface LegendProps {
  readonly lines: readonly Line[]
  readonly hidden: ReadonlySet<string>
  readonly onToggle: (label: string) => void
}

function Legend({ lines, hidden, onToggle }: LegendProps) {
  return (
    <Group gap="sm" className={styles['legend'] ?? ''}>
      {lines.map(({ label, colour }) => (
        <UnstyledButton
          key={label}
          className={styles['key'] ?? ''}
          aria-pressed={!hidden.has(label)}
          onClick={() => onToggle(label)}
        >
          <span className={`${styles['swatch']} ${styles[`colour${colour}`]}`} />
          {label}
        </UnstyledButton>
      ))}
    </Group>
  )
}

type PlotProps = Required<Omit<ChartProps, 'unit'>>

function Plot({ title, timesMs, lines, stacked, height, format, onBrush }: PlotProps) {
  const { ref: sizeRef, width } = useElementSize<HTMLDivElement>()
  const place = useRef<HTMLDivElement>(null)
  const [zone] = useZone()
  const scheme = useComputedColorScheme('light')
  const [point, setPoint] = useState<number | null>(null)
  const brush = useRef(onBrush)
  brush.current = onBrush
  const drawn = useMemo(() => {
    const values = lines.map(({ values }) => values)
    const sums = stacked ? stackedValues(values) : values
    // The highest sum is drawn first, so that the lower ones lie upon it.
    return stacked ? { lines: lines.toReversed(), values: sums.toReversed() } : { lines, values: sums }
  }, [lines, stacked])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours that are read follow the scheme.
  useEffect(() => {
    const element = place.current
    if (element === null || width === 0) return
    const style = getComputedStyle(element)
    const options = chartOptions({
      width,
      height,
      lines: drawn.lines,
      stacked,
      zone,
      format,
      colourOf: variable => style.getPropertyValue(variable).trim(),
      onBrush: (fromMs, toMs) => brush.current(fromMs, toMs),
      onPoint: setPoint,
    })
    const figures = [timesMs.map(ms => ms / 1_000), ...drawn.values.map(values => [...values])]
    const plot = new uPlot(options, figures as uPlot.AlignedData, element)
    return () => plot.destroy()
  }, [drawn, timesMs, width, height, zone, format, scheme, stacked])
  return (
    <div ref={sizeRef} className={styles['plot']} style={{ minHeight: height }}>
      <div ref={place} role="img" aria-label={summaryOf(title, lines, format)} />
      <PointText point={point} timesMs={timesMs} lines={lines} format={format} />
    </div>
  )
}

interface PointTextProps extends Pick<ChartProps, 'timesMs' | 'lines' | 'format'> {
  readonly point: number | null
}

/** The figures under the pointer. */
function PointText({ point, timesMs, lines, format }: PointTextProps) {
  const [zone] = useZone()
  const ms = point === null ? undefined : timesMs[point]
  if (point === null || ms === undefined) return null
  return (
    <div className={styles['point']} aria-hidden="true">
      <Text size="xs" fw={600}>
        {asMinute(ms, zone)}
      </Text>
      {lines.map(({ label, colour, values }) => (
        <div key={label} className={styles['pointRow']}>
          <span className={`${styles['swatch']} ${styles[`colour${colour}`]}`} />
          <span>{label}</span>
          <span className={styles['pointValue']}>{valueText(values[point], format)}</span>
        </div>
      ))}
    </div>
  )
}

function Figures({ title, timesMs, lines, format }: PlotProps) {
  const [zone] = useZone()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
    <section className={styles['table']} tabIndex={0} aria-label={title}>
      <Table stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.time}</Table.Th>
            {lines.map(({ label }) => (
              <Table.Th key={label} ta="right">
                {label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {timesMs.map((ms, index) => (
            <Table.Tr key={ms}>
              <Table.Td>{asMinute(ms, zone)}</Table.Td>
              {lines.map(({ label, values }) => (
                <Table.Td key={label} ta="right">
                  {valueText(values[index], format)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}

function valueText(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value)
}

/** What the chart shows, in words: the highest and the last value of each line. */
function summaryOf(title: string, lines: readonly Line[], format: (value: number) => string): string {
  const parts = lines.map(({ label, values }) => {
    const known = values.filter(value => value !== null)
    const last = known.at(-1)
    return last === undefined ? text.noValues(label) : text.summary(label, format(Math.max(...known)), format(last))
  })
  return `${title}. ${parts.join(' ')} ${text.tableHint}`
}
