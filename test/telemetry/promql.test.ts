import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namedIn } from './promql.ts'

test('metrics, labels and values of an expression are found, wherever they are', () => {
  const found = namedIn(
    'histogram_quantile(0.95, sum by (job, le) (rate(a_bucket{x=~"one|two", y!="a,b}c"}[5m] offset 1h))) > 1e3 and on (job) max by (z) (b) unless c{t=~"5.."} # d',
  )
  assert.deepEqual(found, [
    { metric: 'a_bucket', labels: ['x', 'y', 'job', 'le'], values: { x: ['one', 'two'], y: ['a,b}c'] } },
    { metric: 'b', labels: ['job', 'z'], values: {} },
    { metric: 'c', labels: ['t', 'job'], values: {} },
  ])
})

test('a label of an inner aggregation is not expected of metrics beside it', () => {
  const found = namedIn('sum by (a) (x{b="1"}) / time() > -2 * sum(y)')
  assert.deepEqual(
    found.map(({ metric, labels }) => [metric, labels]),
    [
      ['x', ['b', 'a']],
      ['y', []],
    ],
  )
})

test('what depends on labels that are not written is refused', () => {
  assert.throws(() => namedIn('sum without (a) (x)'), /without/)
  assert.throws(() => namedIn('sum(x) by (a)'), /followed by/)
})
