import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { uuidV7 } from './ids.ts'

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

// The ledger orders by id and accepts only UUIDs: a wrong digit is a record that cannot be written.
test('every id is a UUID of version 7 with its millisecond, and no two are equal', () => {
  const clockMs = fc.array(fc.double({ min: 0, max: 2 ** 48 - 1, noNaN: true }), { minLength: 1, maxLength: 600 })
  fc.assert(
    fc.property(clockMs, times => {
      let now = 0
      const newId = uuidV7(() => now)
      const ids = times.map(ms => {
        now = ms
        const id = newId()
        assert.match(id, form)
        assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), Math.floor(ms))
        return id
      })
      assert.equal(new Set(ids).size, ids.length)
    }),
  )
})

test('the random part uses all of its 74 bits', () => {
  const newId = uuidV7(() => 0)
  const seen = Array.from({ length: 36 }, () => new Set<string>())
  for (let round = 0; round < 2_000; round++) {
    for (const [at, digit] of [...newId()].entries()) seen[at]?.add(digit)
  }
  const counts = seen.slice(15).map(digits => digits.size)
  assert.deepEqual(counts, [16, 16, 16, 1, 4, 16, 16, 16, 1, ...Array.from({ length: 12 }, () => 16)])
})
