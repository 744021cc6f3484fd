import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf } from '../test/support/random.ts'
import { figuresOf, type Round, shuffled, slicesOfRound } from './limits.ts'

/**
 * A machine that is up to twice as slow for a while, from time to time; a call costs 100 µs on it when it is calm, and
 * limits add `costUs`.
 */
function roundsOf(count: number, costUs: number, seed: number): Round[] {
  const { chance, share } = randomOf(seed)
  let slow = 1
  const slice = (us: number): Round['without'] => {
    if (chance(0.1)) slow = 1 + share()
    return { mainUs: us * slow * (0.95 + 0.1 * share()), elsewhereUs: chance(0.05) ? 200 : 0 }
  }
  const costs = { witness: 100, without: 100, limited: 100 + costUs, limitedAgain: 100 + costUs }
  return Array.from({ length: count }, () => {
    const order = shuffled(slicesOfRound, share)
    // All elements are set.
    return Object.fromEntries(order.map(name => [name, slice(costs[name])])) as unknown as Round
  })
}

// If other load on the machine decided this figure, people would optimise, or trust it, for nothing.
test('the cost of limits is found despite other load that slows the machine to half its speed', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const figures = figuresOf(roundsOf(3_000, 4, seed))
    const { addedUs, addedWhenCalmUs, nothingUs, withoutUs, withoutWhenCalmUs } = figures
    // On average such a machine takes one and a half times as long, and limits cost that much more on it.
    for (const [found, costUs] of [
      [addedUs, 6],
      [addedWhenCalmUs, 4.5],
      [nothingUs, 0],
    ] as const) {
      assert.ok(
        Math.abs(found.value - costUs) < 2 * found.within + 0.5,
        `${found.value} ± ${found.within}, not ${costUs}`,
      )
      assert.ok(found.within < 2.5)
    }
    assert.ok(withoutWhenCalmUs.value < withoutUs.value && withoutWhenCalmUs.value < 130, 'calm rounds are calm')
  }
})

// Choosing rounds by the figure that is compared would show a cost, or hide one, where there is none.
test('choosing the calm rounds favours neither side', () => {
  const costs = [11, 12, 13, 14, 15, 16, 17, 18].map(seed => figuresOf(roundsOf(2_000, 0, seed)).addedWhenCalmUs)
  const mean = costs.reduce((sum, { value }) => sum + value, 0) / costs.length
  const within = Math.max(...costs.map(cost => cost.within))
  assert.ok(Math.abs(mean) < within, `${mean} on average, of ± ${within} each`)
})
