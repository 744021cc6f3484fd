import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { medianBounds } from './limits.ts'
import { median } from './quantiles.ts'

// Bounds that do not hold their median would sell noise as a figure.
test('the bounds of a median are values of it, hold it, and come closer the more there are', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -50, max: 50 }), { minLength: 1, maxLength: 60 }), values => {
      const [low, high] = medianBounds(values)
      assert.ok(values.includes(low) && values.includes(high))
      assert.ok(low <= median(values) && median(values) <= high)
    }),
  )
  const ranks = Array.from({ length: 24 }, (_, index) => index)
  assert.deepEqual(medianBounds(ranks), [7, 16])
  assert.deepEqual(medianBounds([3, 1, 2]), [1, 3])
})
