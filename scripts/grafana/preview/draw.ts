/** Panels as SVG and HTML. Colours are classes: the page has them for light and dark. */
import type { Series, Span } from './prometheus.ts'
import { shown } from './units.ts'

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

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, found => `&#${found.charCodeAt(0)};`)
}

/** Lines over time, or areas on top of each other, and a legend. @param width in pixels. */
export function drawTimes(all: readonly Named[], { unit, stacked, steps }: Look, span: Span, width: number): string {
  const right = width - 8
  const lines = stacked ? onTop(all) : all.map(({ series }) => series.points)
  const values = lines.flat().map(([, value]) => value)
  const [low, high] = bounds(values.filter(Number.isFinite))
  const x = (atS: number): number =>
    left + ((atS * 1_000 - span.fromMs) / (span.toMs - span.fromMs || 1)) * (right - left)
  const y = (value: number): number => bottom - ((value - low) / (high - low)) * (bottom - top)
  const grid = [0, 0.25, 0.5, 0.75, 1].map(share => {
    const value = low + share * (high - low)
    const at = y(value).toFixed(1)
    return `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text x="${left - 6}" y="${at}" dy="4" text-anchor="end">${escaped(shown(value, unit))}</text>`
  })
  const times = [0, 0.5, 1].map(share => {
    const atMs = span.fromMs + share * (span.toMs - span.fromMs)
    const anchor = ['start', 'middle', 'end'][share * 2]
    const text = new Date(atMs).toISOString().slice(11, 16)
    return `<text x="${x(atMs / 1_000).toFixed(1)}" y="${height - 4}" text-anchor="${anchor}">${text}</text>`
  })
  const marks = steps.flatMap(({ color, value }) => {
    if (value === null || value < low || value > high) return []
    return [`<line class="mark ${color}" x1="${left}" x2="${right}" y1="${y(value)}" y2="${y(value)}"/>`]
  })
  const drawn = lines.map((points, at) => {
    const known = points.filter(([, value]) => Number.isFinite(value))
    const path = known.map(([atS, value]) => `${x(atS).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
    return `<polyline class="c${at % colours}" points="${path}"/>`
  })
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

function bounds(values: readonly number[]): readonly [low: number, high: number] {
  const least = values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY)
  const most = values.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY)
  if (least > most) return [0, 1]
  const low = Math.min(0, least)
  return most > low ? [low, most] : [low - (low === 0 ? 0 : Math.abs(low) / 2), low + (Math.abs(low) / 2 || 1)]
}

/** A row for each series, in the colours of its states. @param width in pixels. */
export function drawStates(all: readonly Named[], { states }: Look, span: Span, width: number): string {
  const from = 230
  const row = Math.min(26, (height - 10) / all.length)
  const x = (atS: number): number =>
    from + ((atS * 1_000 - span.fromMs) / (span.toMs - span.fromMs)) * (width - 8 - from)
  const rows = all.map(({ name, series: { points } }, at) => {
    const y = 4 + at * row
    const runs = points.filter(([, value], index) => index === 0 || points[index - 1]?.[1] !== value)
    const boxes = runs.map(([atS, value], index) => {
      const { text, color } = states[String(value)] ?? { text: String(value), color: '' }
      const end = x(runs[index + 1]?.[0] ?? points.at(-1)?.[0] ?? atS)
      const [start, middle] = [x(atS).toFixed(1), (y + row / 2).toFixed(1)]
      return `<rect class="state ${color}" x="${start}" y="${y}" width="${Math.max(1, end - x(atS)).toFixed(1)}" height="${row - 4}"/><text class="inside" x="${start}" y="${middle}" dx="4" dy="2">${escaped(text)}</text>`
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
