/** Windows in Redis: when they end, and how long their counters are kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tell } from '../../../../../test/support/redis.ts'
import { Calendar } from '../counting/calendar.ts'
import { claim } from '../counting/claim.fixture.ts'
import type { Claim } from '../counting/counters.ts'
import { type Replica, startRedis, startReplica } from './redis.fixture.ts'
import { read, reserved } from './replicas.fixture.ts'

const key = '{gatehouse}:c:company:costPerYear'
const field = (port: number, ...command: string[]): number => Number(tell(port, ...command))

// A counter that Redis forgets before its window ends is a budget that begins again.
test('P7 replicas share the budget of a fiscal year, and Redis keeps it until the year has ended', async t => {
  const redis = await startRedis(t)
  let now = Date.parse('2030-04-05T22:59:00Z')
  const parts = {
    serverClock: () => now,
    calendar: new Calendar({ timeZone: 'Europe/London', fiscalYearStart: '04-06' }),
  }
  const [one, two] = await Promise.all([startReplica(t, redis, parts), startReplica(t, redis, parts)])
  const year = ({ counters }: Replica): readonly Claim[] => [claim(counters, 'company', 'costPerYear', 9e15)]
  const used = async (replica: Replica): Promise<number | undefined> => (await read(replica, year(replica)))[0]?.used
  const use = async (replica: Replica, amount: number): Promise<void> => {
    const spent = { tokens: 0, costNano: amount }
    const { reservation } = await replica.counters.reserve(year(replica), spent)
    assert.ok(reservation !== null)
    replica.counters.settle(reservation, { ...spent, calls: 1 })
    await replica.counters.flush()
  }
  await use(one, 5e15)
  await use(two, 1)
  assert.deepEqual([await used(one), await used(two)], [5e15 + 1, 5e15 + 1])
  const end = Date.parse('2030-04-05T23:00:00Z')
  assert.equal(field(redis.port, 'HGET', key, 'e'), end)
  assert.equal(field(redis.port, 'PEXPIRETIME', key), end + 900_000)
  now = end
  assert.equal(await used(two), 0)
  await use(two, 2e15)
  const next = Date.parse('2031-04-05T23:00:00Z')
  assert.deepEqual([await used(one), field(redis.port, 'HGET', key, 'e')], [2e15, next])
  assert.equal(field(redis.port, 'PEXPIRETIME', key), next + 900_000)
})

// Reads come twice a second and calls may be rare: then it is a read that finds the counter in a new step.
test('P7 Redis keeps a sliding counter that is read before each use', async t => {
  const redis = await startRedis(t)
  let now = Date.now()
  const replica = await startReplica(t, redis, { serverClock: () => now })
  const counter = '{gatehouse}:c:hr-bot:tokensPerMinute'
  await reserved(replica, 10)
  assert.equal(tell(redis.port, 'PEXPIRE', counter, '60000'), '1')
  now += 30_000
  await reserved(replica, 10)
  tell(redis.port, 'PEXPIRE', counter, '60000')
  now += 31_000
  await read(replica)
  await reserved(replica, 10)
  assert.ok(field(redis.port, 'PTTL', counter) > 900_000)
})
