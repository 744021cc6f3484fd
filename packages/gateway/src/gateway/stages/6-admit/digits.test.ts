import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { digits } from './digits.ts'

test('a number of any length has the digits that String gives', () => {
  const ofLength = fc
    .integer({ min: 1, max: 15 })
    .chain(length => fc.integer({ min: 10 ** (length - 1), max: 10 ** length - 1 }))
  fc.assert(
    fc.property(ofLength, number => assert.equal(digits(number), String(number))),
    { numRuns: 2_000 },
  )
})

test('digits are right at each boundary between lengths', () => {
  for (let power = 1; power <= Number.MAX_SAFE_INTEGER; power *= 10) {
    for (const number of [power - 1, power, power + 1]) assert.equal(digits(number), String(number))
  }
})
