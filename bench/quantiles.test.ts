import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { centre, median, quantile, spread } from './quantiles.ts'

const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 300 })
const share = fc.double({ min: Number.MIN_VALUE, max: 1, noNaN: true })

// A p99 must mean that 99 of 100 calls were at most this slow, and must be a measured value.
test('a quantile is the smallest measured value with at least its share at or below it', () => {
  fc.assert(
    fc.property(values, share, (measured, q) => {
      const sorted = Float64Array.from(measured).sort()
      const found = quantile(sorted, q)
      const wanted = q * sorted.length
      assert.ok(sorted.includes(found))
      assert.ok(sorted.filter(value => value <= found).length >= wanted)
      assert.ok(sorted.filter(value => value < found).length < wanted)
    }),
  )
})

// Readers would not believe a table whose p50 exceeds its p99.
test('a spread is ordered and does not depend on the order of measuring', () => {
  fc.assert(
    fc.property(values, measured => {
      const found = spread(measured)
      assert.ok(found !== null && found.p50 <= found.p99 && found.p99 <= found.max)
      assert.equal(found.count, measured.length)
      assert.deepEqual(found, spread(measured.toReversed()))
      assert.equal(found.p50, median(measured))
    }),
  )
})

// One pause of the machine among a hundred rounds must not become the figure.
test('the centre lies within the middle of the values, whatever the ends are', () => {
  fc.assert(
    fc.property(values, measured => {
      const sorted = Float64Array.from(measured).sort()
      const { value, within } = centre(measured)
      const cut = Math.floor(sorted.length / 10)
      const rounding = 1e-6
      assert.ok(value >= (sorted[cut] ?? Number.NaN) - rounding)
      assert.ok(value <= (sorted.at(-1 - cut) ?? Number.NaN) + rounding)
      assert.ok(within >= 0)
    }),
  )
  const calm = Array.from({ length: 99 }, (_, index) => 4 + (index % 3))
  assert.deepEqual(centre([...calm, 1e9]), centre([...calm, 7]))
  assert.deepEqual(centre([3, 3, 3]), { value: 3, within: 0 })
})

// A stage without any answer must not report zero milliseconds.
test('without measured values there is no figure', () => {
  assert.equal(spread([]), null)
  assert.throws(() => median([]), RangeError)
  assert.throws(() => centre([]), RangeError)
  for (const q of [0, -1, 1.01, Number.NaN]) assert.throws(() => quantile([1], q), RangeError)
})
