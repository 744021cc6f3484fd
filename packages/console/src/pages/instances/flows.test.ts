import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Flow, pictureOf } from './flows.ts'

const flow = (workload: string, pool: string, instance: string, calls: number): Flow => ({
  workload,
  pool,
  instance,
  calls,
})

test('the busiest is on top, and bars are as high as their calls', () => {
  const { bars } = pictureOf(
    [flow('a', 'main', 'one', 10), flow('b', 'main', 'one', 60), flow('b', 'main', 'two', 30)],
    200,
  )
  assert.deepEqual(
    bars.map(({ name, column, calls, height }) => [name, column, calls, height]),
    [
      ['b', 0, 90, 180],
      ['a', 0, 10, 20],
      ['main', 1, 100, 200],
      ['one', 2, 70, 140],
      ['two', 2, 30, 60],
    ],
  )
})

test('bars of a column never lie upon each other, and each flow has a band on both sides of its pool', () => {
  const names = fc.constantFrom('a', 'b', 'c')
  const flows = fc.uniqueArray(
    fc.record({ workload: names, pool: names, instance: names, calls: fc.integer({ min: 1, max: 1_000_000 }) }),
    { selector: ({ workload, pool, instance }) => `${workload}|${pool}|${instance}` },
  )
  fc.assert(
    fc.property(flows, list => {
      const { bars, bands } = pictureOf(list, 200)
      for (const column of [0, 1, 2]) {
        const inColumn = bars.filter(bar => bar.column === column)
        assert.equal(
          inColumn.reduce((sum, { calls }) => sum + calls, 0),
          list.reduce((sum, { calls }) => sum + calls, 0),
        )
        for (const [at, { top }] of inColumn.entries()) {
          const before = inColumn[at - 1]
          assert.ok(before === undefined || before.top + before.height < top)
        }
      }
      assert.equal(bands.length, list.length * 2)
    }),
  )
})
