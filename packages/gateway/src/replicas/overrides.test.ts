import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { startRedis } from '../../../../test/support/redis.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { keptLog } from '../ledger/exchange.fixture.ts'
import type { LimitOverride } from '../limits/index.ts'
import { redisAt } from '../objects/redis.fixture.ts'
import { type OverrideOrder, type Overrides, type OverridesParts, openOverrides } from './overrides.ts'

const nowMs = Date.UTC(2026, 10, 23, 12)
const doubled: OverrideOrder = {
  rule: 'hr-bot',
  measure: null,
  to: { times: 2 },
  untilMs: nowMs + 3_600_000,
  reason: 'Open day',
}

interface Opened {
  readonly overrides: Overrides
  /** What the limits were given, newest last. */
  readonly given: (readonly LimitOverride[])[]
}

async function open(t: TestContext, parts: Partial<OverridesParts> = {}): Promise<Opened> {
  const given: (readonly LimitOverride[])[] = []
  const overrides = await openOverrides({
    ...{ redis: null, directory: temporaryDirectory('overrides'), clock: () => nowMs, log: keptLog(), everyMs: 5 },
    override: active => given.push(active),
    ...parts,
  })
  t.after(() => overrides.close())
  return { overrides, given }
}

test('an override outlives a restart, and so does its end', async t => {
  const directory = temporaryDirectory('overrides')
  const first = await open(t, { directory })
  assert.equal(await first.overrides.begin(doubled, 'erin'), 'alone')
  assert.deepEqual(first.given.at(-1), [{ ...doubled, by: 'erin' }])
  const log = keptLog()
  const later = await open(t, { directory, log })
  assert.deepEqual(later.given, [[{ ...doubled, by: 'erin' }]])
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ['limits_still_overridden'],
  )
  assert.equal(await later.overrides.end({ rule: 'hr-bot', measure: 'tokensPerDay' }, 'erin'), null)
  assert.equal(await later.overrides.end({ rule: 'hr-bot', measure: null }, 'erin'), 'alone')
  assert.deepEqual(later.given.at(-1), [])
  assert.deepEqual((await open(t, { directory })).given, [])
})

test('an override ends by itself, to the millisecond of the clock, also over a restart', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const directory = temporaryDirectory('overrides')
  let atMs = nowMs
  const { overrides, given } = await open(t, { directory, clock: () => atMs })
  await overrides.begin({ ...doubled, untilMs: nowMs + 90_000 }, 'erin')
  for (const [passedMs, active] of [
    [60_000, 1],
    [29_999, 1],
    [1, 0],
  ] as const) {
    atMs += passedMs
    t.mock.timers.tick(passedMs)
    assert.equal(given.at(-1)?.length, active)
    assert.equal(overrides.active.length, active)
  }
  assert.deepEqual((await open(t, { directory, clock: () => atMs })).given, [])
})

test('a later override of a rule takes the place of the first, and one of an amount stands beside it', async t => {
  const { overrides } = await open(t)
  await overrides.begin(doubled, 'erin')
  await overrides.begin({ ...doubled, to: { times: 3 } }, 'carol')
  await overrides.begin({ ...doubled, measure: 'tokensPerDay', to: { amount: 5_000 } }, 'carol')
  assert.deepEqual(
    overrides.active.map(({ measure, to, by }) => [measure, to, by]),
    [
      [null, { times: 3 }, 'carol'],
      ['tokensPerDay', { amount: 5_000 }, 'carol'],
    ],
  )
})

test('a file that cannot be read changes no limit, and the log names it', async t => {
  const order = { ...doubled, by: 'erin', atMs: nowMs }
  for (const change of [{ to: { times: 0 } }, { to: {} }, { measure: 'tokensPerCentury' }, { untilMs: 'friday' }]) {
    const directory = temporaryDirectory('overrides')
    writeFileSync(join(directory, 'limit-overrides.json'), JSON.stringify({ orders: { a: { ...order, ...change } } }))
    const log = keptLog()
    const { given } = await open(t, { directory, log })
    assert.deepEqual(given, [])
    assert.deepEqual(
      log.lines.map(({ level, message }) => [level, message]),
      [['error', 'limit_overrides_unreadable']],
    )
  }
})

test('all replicas follow an override and its end, also one that starts later', async t => {
  const { url } = await startRedis(t)
  const shared = async (): Promise<Opened> => {
    const redis = redisAt(t, url)
    await redis.start()
    return open(t, { redis })
  }
  const [one, two] = [await shared(), await shared()]
  assert.equal(await one.overrides.begin(doubled, 'erin'), 'ok')
  const see = (which: Opened, count: number) =>
    eventually(`${count} overrides`, () => (which.overrides.active.length === count ? true : null))
  await see(two, 1)
  assert.deepEqual(two.given.at(-1), [{ ...doubled, by: 'erin' }])
  await see(await shared(), 1)
  await two.overrides.end({ rule: 'hr-bot', measure: null }, 'bob')
  await see(one, 0)
})
