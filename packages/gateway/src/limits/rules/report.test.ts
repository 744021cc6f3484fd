import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configOf, openTestLimits } from '../limits.fixture.ts'

// Before, both named the moment of the question: a budget of a year that nobody had used "renewed now".
test('an unused budget renews at the end of its window, an unused window of a minute at no time', async () => {
  const config = configOf({
    chat: {
      tokensPerMinute: 1_000,
      requestsPerMinute: 10,
      tokensPerHour: 5_000,
      costPerMonth: '20 USD',
      callsInFlight: 2,
    },
  })
  const setup = await openTestLimits(config)
  // At the very start of a window too.
  for (const time of ['2026-03-02T09:00:00Z', '2026-03-02T09:59:59.999Z']) {
    setup.time.ms = Date.parse(time)
    const { rules } = await setup.limits.report()
    const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
    assert.deepEqual(
      rules.map(line => [line.measure, instant(line.beganAtMs), instant(line.renewsAtMs)]),
      [
        ['tokensPerMinute', null, null],
        ['tokensPerHour', '2026-03-02T09:00:00.000Z', '2026-03-02T10:00:00.000Z'],
        ['requestsPerMinute', null, null],
        ['callsInFlight', null, null],
        ['costPerMonth', '2026-03-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z'],
      ],
    )
  }
})
