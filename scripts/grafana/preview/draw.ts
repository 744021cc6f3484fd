/** Panels as SVG and HTML. Colours are classes: the page has them for light and dark. */
import { type Series, type Span, secondsPerPoint } from './prometheus.ts'
import { shown, stepOf } from './units.ts'

export interface Named {
  readonly name: string
  readonly series: Series
}

export interface Look {
  readonly unit: string
  readonly stacked: boolean
  /** Words and colours of values. */
  readonly states: Readonly<Record<string, { readonly text: string; readonly color: string }>>
  readonly steps: readonly { readonly color: string; readonly value: number | null }[]
}

const height = 180
const left = 88
const top = 8
const bottom = height - 20
const colours = 10
const dayMs = 86_400_000

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, found => `&#${found.charCodeAt(0)};`)
}

/** Lines over time, or areas on top of each other, and a legend. @param width in pixels. */
export function drawTimes(all: readonly Named[], { unit, stacked, steps }: Look, span: Span, width: number): string {
  const right = width - 8
  const lines = stacked ? onTop(all) : all.map(({ series }) => series.points)
  const values = lines.flat().map(([, value]) => value)
  const ticks = ticksOf(values.filter(Number.isFinite), unit)
  const [low = 0, high = 1] = [ticks[0], ticks.at(-1)]
  const x = (atS: number): number =>
    left + ((atS * 1_000 - span.fromMs) / (span.toMs - span.fromMs || 1)) * (right - left)
  const y = (value: number): number => bottom - ((value - low) / (high - low)) * (bottom - top)
  const grid = ticks.map(value => {
    const at = y(value).toFixed(1)
    return `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text x="${left - 6}" y="${at}" dy="4" text-anchor="end">${escaped(shown(value, unit))}</text>`
  })
  const times = [0, 0.5, 1].map(share => {
    const atMs = span.fromMs + share * (span.toMs - span.fromMs)
    const anchor = ['start', 'middle', 'end'][share * 2]
    const text = new Date(atMs).toISOString().slice(span.toMs - span.fromMs > dayMs ? 5 : 11, 16)
    return `<text x="${x(atMs / 1_000).toFixed(1)}" y="${height - 4}" text-anchor="${anchor}">${text}</text>`
  })
  const marks = steps.flatMap(({ color, value }) => {
    if (value === null || value < low || value > high) return []
    return [`<line class="mark ${color}" x1="${left}" x2="${right}" y1="${y(value)}" y2="${y(value)}"/>`]
  })
  const drawn = lines.flatMap((points, at) =>
    runsOf(points, span).map(run => {
      const path = run.map(([atS, value]) => `${x(atS).toFixed(1)},${y(value).toFixed(1)}`)
      // A point alone is a line of no length, which round ends make a dot.
      return `<polyline class="c${at % colours}" points="${(path.length === 1 ? [...path, ...path] : path).join(' ')}"/>`
    }),
  )
  const svg = `<svg viewBox="0 0 ${width} ${height}">${[...grid, ...times, ...marks, ...drawn].join('')}</svg>`
  const legend = all.map(({ name }, at) => `<li class="c${at % colours}">${escaped(name)}</li>`)
  return `${svg}<ul class="legend">${legend.join('')}</ul>`
}

/** Each series raised by those below it. */
function onTop(all: readonly Named[]): readonly Series['points'][] {
  const sums = new Map<number, number>()
  return all.map(({ series }) =>
    series.points.map(([at, value]) => {
      const sum = (sums.get(at) ?? 0) + (Number.isFinite(value) ? value : 0)
      sums.set(at, sum)
      return [at, sum] as const
    }),
  )
}

/** Round values for the lines of the grid: the first is below all values and 0, the last above. */
function ticksOf(values: readonly number[], unit: string): readonly number[] {
  const low = values.reduce((least, value) => Math.min(least, value), 0)
  const most = values.reduce((high, value) => Math.max(high, value), 0)
  const high = low === 0 && most === 0 ? 1 : most
  const step = stepOf(high - low, unit)
  const [first, last] = [Math.floor(low / step), Math.ceil(high / step)]
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step)
}

/** Points that belong together: where one is missing, a line ends and the next one begins. */
function runsOf(points: Series['points'], span: Span): readonly Series['points'][] {
  const runs: (readonly [number, number])[][] = []
  let nextS = Number.NEGATIVE_INFINITY
  for (const point of points.filter(([, value]) => Number.isFinite(value))) {
    const run = runs.at(-1)
    if (run === undefined || point[0] > nextS) runs.push([point])
    else run.push(point)
    nextS = point[0] + secondsPerPoint(span) * 1.5
  }
  return runs
}

/** Stretches of a run in which the value is the same, from their first point to their last one. */
function sameOf(run: Series['points']): readonly { value: number; fromS: number; toS: number }[] {
  const stretches: { value: number; fromS: number; toS: number }[] = []
  for (const [atS, value] of run) {
    const last = stretches.at(-1)
    if (last?.value === value) last.toS = atS
    else stretches.push({ value, fromS: atS, toS: atS })
  }
  return stretches
}

/** A row for each series, in the colours of its states. @param width in pixels. */
export function drawStates(all: readonly Named[], { states }: Look, span: Span, width: number): string {
  const from = 230
  const row = Math.min(26, (height - 10) / all.length)
  const x = (atS: number): number =>
    from + ((atS * 1_000 - span.fromMs) / (span.toMs - span.fromMs)) * (width - 8 - from)
  const rows = all.map(({ name, series: { points } }, at) => {
    const y = 4 + at * row
    const boxes = runsOf(points, span)
      .flatMap(run => sameOf(run))
      .map(({ value, fromS, toS }) => {
        const { text, color } = states[String(value)] ?? { text: String(value), color: '' }
        const [start, end] = [x(fromS), Math.min(width - 8, x(toS + secondsPerPoint(span)))]
        const middle = (y + row / 2).toFixed(1)
        return `<rect class="state ${color}" x="${start.toFixed(1)}" y="${y}" width="${Math.max(1, end - start).toFixed(1)}" height="${row - 4}"/><text class="inside" x="${start.toFixed(1)}" y="${middle}" dx="4" dy="2">${escaped(text)}</text>`
      })
    return `<text x="${from - 6}" y="${(y + row / 2).toFixed(1)}" dy="2" text-anchor="end">${escaped(name)}</text>${boxes.join('')}`
  })
  return `<svg viewBox="0 0 ${width} ${height}">${rows.join('')}</svg>`
}

export function drawFigure(all: readonly Named[], look: Look): string {
  const value = all[0]?.series.points.at(-1)?.[1]
  if (value === undefined) return ''
  return `<p class="figure ${colourOf(value, look)}">${escaped(shown(value, look.unit))}</p>`
}

export function drawBars(all: readonly Named[], look: Look): string {
  const last = all.map(({ name, series }) => ({ name, value: series.points.at(-1)?.[1] ?? 0 }))
  const most = look.unit === 'percentunit' ? 1 : Math.max(...last.map(({ value }) => value), 0)
  const bars = last.map(({ name, value }) => {
    const share = most === 0 ? 0 : Math.min(1, Math.max(0, value / most))
    return `<div class="bar"><span>${escaped(name)}</span><i class="${colourOf(value, look)}" style="--share:${share}"></i><b>${escaped(shown(value, look.unit))}</b></div>`
  })
  return bars.join('')
}

interface Columns {
  readonly hidden: ReadonlySet<string>
  readonly names: Readonly<Record<string, string>>
}

export function drawTable(all: readonly Named[], { unit }: Look, { hidden, names }: Columns): string {
  const labels = [...new Set(all.flatMap(({ series }) => Object.keys(series.labels)))].filter(one => !hidden.has(one))
  const value = hidden.has('Value') ? [] : [unit]
  const rows = all.map(({ series }) =>
    [
      ...labels.map(one => series.labels[one] ?? ''),
      ...value.map(one => shown(series.points.at(-1)?.[1] ?? 0, one)),
    ].map(cell => `<td>${escaped(cell)}</td>`),
  )
  const head = [...labels, ...value.map(() => 'Value')].map(cell => `<th>${escaped(names[cell] ?? cell)}</th>`)
  return `<table><tr>${head.join('')}</tr>${rows.map(row => `<tr>${row.join('')}</tr>`).join('')}</table>`
}

function colourOf(value: number, { steps }: Look): string {
  if (steps.length < 2) return 'c0'
  return steps.findLast(step => step.value === null || value >= step.value)?.color ?? 'green'
}
