import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawStates, drawTimes } from './draw.ts'
import type { Series, Span } from './prometheus.ts'

const fromMs = Date.UTC(2026, 10, 26, 10)
const hour: Span = { fromMs, toMs: fromMs + 3_600_000, variables: {} }
/** Seconds from one point to the next of an hour. */
const stepS = 15

function draw(points: Series['points'], unit = 'short', span = hour): string {
  const look = { unit, stacked: false, states: {}, steps: [] }
  return drawTimes([{ name: 'one', series: { labels: {}, points } }], look, span, 600)
}

/** A series that begins with the span. NaN: what Prometheus has for 0 / 0; null: no point at all. */
function points(...values: readonly (number | null)[]): Series['points'] {
  return values.flatMap((value, at) => (value === null ? [] : [[fromMs / 1_000 + at * stepS, value] as const]))
}

const linesOf = (drawn: string): readonly number[] =>
  [...drawn.matchAll(/<polyline [^>]*points="([^"]*)"/g)].map(([, path = '']) => path.split(' ').length)
const scaleOf = (drawn: string): readonly string[] =>
  [...drawn.matchAll(/text-anchor="end">([^<]*)<\/text><line|dy="4" text-anchor="end">([^<]*)</g)].map(
    ([, one, other]) => one ?? other ?? '',
  )

// A line across an outage would show figures that nobody measured.
test('a line ends where points are missing, and a point alone is a dot', () => {
  assert.deepEqual(linesOf(draw(points(1, 2, 3, 4))), [4])
  assert.deepEqual(linesOf(draw(points(1, 2, null, 4, 5, 6))), [2, 3])
  assert.deepEqual(linesOf(draw(points(1, 2, Number.NaN, 4))), [2, 2])
  assert.deepEqual(linesOf(draw(points(1))), [2])
})

test('a state ends where points are missing, and begins again after them', () => {
  const states = { 1: { text: 'yes', color: 'green' }, 0: { text: 'no', color: 'red' } }
  const named = { name: 'one', series: { labels: {}, points: points(1, 1, 0, null, null, null, 0, 1) } }
  const drawn = drawStates([named], { unit: 'none', stacked: false, states, steps: [] }, hour, 600)
  const boxes = [...drawn.matchAll(/<rect class="state (\w+)" x="([\d.]+)" .*? width="([\d.]+)"/g)]
  assert.deepEqual(
    boxes.map(([, color]) => color),
    ['green', 'red', 'red', 'green'],
  )
  const [yes, no, again] = boxes.map(([, , x, width]) => ({ from: Number(x), to: Number(x) + Number(width) }))
  assert.ok(yes && no && again)
  assert.ok(Math.abs(yes.to - no.from) < 0.2, 'no gap where the state changes')
  assert.ok(again.from - no.to > 2, 'a gap where nothing was measured')
})

test('the scale has round figures in the unit of the panel, from 0 to above the highest value', () => {
  assert.deepEqual(scaleOf(draw(points(0.229))), ['0', '0.1', '0.2', '0.3'])
  assert.deepEqual(scaleOf(draw(points(0))), ['0', '0.25', '0.5', '0.75', '1'])
  assert.deepEqual(scaleOf(draw(points(-3, 5))), ['-4', '-2', '0', '2', '4', '6'])
  assert.deepEqual(scaleOf(draw(points(157), 's')), ['0 s', '60 s', '2 min', '3 min'])
  assert.deepEqual(scaleOf(draw(points(9_000), 's')), ['0 s', '60 min', '2 hour', '3 hour'])
  assert.deepEqual(scaleOf(draw(points(443_000_000), 'bytes')), ['0 B', '200 MiB', '400 MiB', '600 MiB'])
  assert.deepEqual(scaleOf(draw(points(0.27), 'percentunit')), ['0 %', '10 %', '20 %', '30 %'])
})

test('times have the day where the page shows more than one', () => {
  assert.match(draw(points(1)), />10:00</)
  const week = { ...hour, toMs: fromMs + 7 * 86_400_000 }
  assert.match(draw(points(1), 'short', week), />11-26T10:00<.*>12-03T10:00</)
})
