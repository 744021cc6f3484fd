import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresOf, type Round } from './limits.ts'

/** The same numbers in each run, 0 to 1. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield state / 2_147_483_648
  }
}

/** A machine that is up to twice as slow for a while, now and then; limits cost 4 of 100 µs on it when it is calm. */
function roundsOf(count: number, costUs: number, seed: number): Round[] {
  const random = numbers(seed)
  const next = (): number => random.next().value as number
  let slow = 1
  const slice = (us: number): Round['without'] => {
    if (next() < 0.1) slow = 1 + next()
    return { mainUs: us * slow * (0.95 + 0.1 * next()), elsewhereUs: next() < 0.05 ? 200 : 0 }
  }
  return Array.from({ length: count }, () => {
    const [first, second] = [next() < 0.5 ? costUs : 0, next() < 0.5]
    const one = slice(100 + first)
    const other = slice(100 + costUs - first)
    const [limited, without] = first === costUs ? [one, other] : [other, one]
    const third = slice(100)
    return second ? { limited, without, witness: third } : { limited, without: third, witness: without }
  })
}

// A figure that neighbours of the machine decide would be mended, or believed, for nothing.
test('what limits cost is found among neighbours who slow the machine to half', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { addedUs, nothingUs, withoutUs, withoutUsAlways } = figuresOf(roundsOf(3_000, 4, seed))
    assert.ok(Math.abs(addedUs.value - 4) < 2 * addedUs.within + 1, `${addedUs.value} ± ${addedUs.within}`)
    assert.ok(Math.abs(nothingUs.value) < 2 * nothingUs.within, `${nothingUs.value} ± ${nothingUs.within}`)
    assert.ok(withoutUs.value < withoutUsAlways.value && withoutUs.value < 130, 'calm rounds are calm')
    assert.ok(addedUs.within < 2)
  }
})

// Choosing rounds by what is compared would show a cost, or hide one, where there is none.
test('choosing the calm rounds favours neither side', () => {
  const costs = [11, 12, 13, 14, 15, 16, 17, 18].map(seed => figuresOf(roundsOf(2_000, 0, seed)).addedUs)
  const mean = costs.reduce((sum, { value }) => sum + value, 0) / costs.length
  const within = Math.max(...costs.map(cost => cost.within))
  assert.ok(Math.abs(mean) < within, `${mean} on average, of ± ${within} each`)
})
