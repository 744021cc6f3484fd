/** The settings of uPlot for a chart over time. */
import type uPlot from 'uplot'
import { asMinute, type Zone } from '../../format/time.ts'

export interface Line {
  readonly label: string
  /** A value per time; null where there is none. */
  readonly values: readonly (number | null)[]
  /** Number of the colour, 1 to 8. */
  readonly colour: number
}

export interface ChartSettings {
  readonly width: number
  readonly height: number
  readonly lines: readonly Line[]
  readonly stacked: boolean
  readonly zone: Zone
  readonly format: (value: number) => string
  readonly colourOf: (variable: string) => string
  readonly onBrush: (fromMs: number, toMs: number) => void
  readonly onPoint: (index: number | null) => void
}

export function chartOptions(settings: ChartSettings): uPlot.Options {
  const { width, height, lines, stacked, zone, format, colourOf, onBrush, onPoint } = settings
  const axis = {
    stroke: colourOf('--mantine-color-dimmed'),
    grid: { stroke: colourOf('--chart-grid'), width: 1 },
    ticks: { show: false },
    font: `11px ${colourOf('--mantine-font-family')}`,
  }
  return {
    width,
    height,
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, most === 0 ? 1 : most * 1.05] } },
    ...(zone === 'UTC' ? { tzDate: (seconds: number) => utcDate(seconds) } : {}),
    axes: [
      {
        ...axis,
        size: (_, texts) => (texts?.some(text => text.includes('\n')) ? 36 : 22),
        values: (_, ticks) => tickTexts(ticks, zone),
      },
      { ...axis, size: 54, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, colour }) => {
        const stroke = colourOf(`--series-${colour}`)
        return {
          label,
          stroke,
          width: stacked ? 1 : 1.5,
          points: { show: false },
          spanGaps: false,
          ...(stacked ? { fill: `color-mix(in srgb, ${stroke} 55%, ${colourOf('--panel')})` } : {}),
        }
      }),
    ],
    hooks: {
      setSelect: [plot => brushed(plot, onBrush)],
      setCursor: [plot => onPoint(plot.cursor.idx ?? null)],
    },
  }
}

/** uPlot reads the clock's fields of a date: those of UTC are made to look local. */
function utcDate(seconds: number): Date {
  const date = new Date(seconds * 1_000)
  return new Date(date.getTime() + date.getTimezoneOffset() * 60_000)
}

const daySeconds = 86_400

function tickTexts(ticks: readonly number[], zone: Zone): string[] {
  const [first = 0, second = first] = ticks
  const isByDay = second - first >= daySeconds
  return ticks.map((seconds, index) => {
    const [day = '', time = ''] = asMinute(seconds * 1_000, zone).split(', ')
    if (isByDay) return day
    const [dayBefore] = asMinute((ticks[index - 1] ?? 0) * 1_000, zone).split(', ')
    return day === dayBefore ? time : `${time}\n${day}`
  })
}

function brushed(plot: uPlot, onBrush: ChartSettings['onBrush']): void {
  const { left, width } = plot.select
  if (width < 4) return
  const from = plot.posToVal(left, 'x') * 1_000
  const to = plot.posToVal(left + width, 'x') * 1_000
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  onBrush(Math.round(from), Math.round(to))
}

/** Sums from the first line on, so that the last one is the top. What is hidden counts as nothing. */
export function stackedValues(lines: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const sums: number[] = []
  return lines.map(values =>
    values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0)
      return sums[index]
    }),
  )
}
