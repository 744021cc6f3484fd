/** P7 Calls that wait for a limit: their order, their end, and what a shutdown or a reload does to them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLedger } from '../../../packages/gateway/src/ledger/open.ts'
import { silentLog } from '../../../packages/gateway/src/log.ts'
import { createTokenCounter } from '../../../packages/gateway/src/tokens/index.ts'
import { limited, refusedWith } from '../../support/limited.ts'
import { RawConnection, requestBytes } from '../../support/raw.ts'
import { allRecords, settledRecords } from '../../support/records.ts'
import { eventually } from '../../support/wait.ts'

test('with a queue an interactive call overtakes batch calls, and all of them get through', async t => {
  const caller = await limited(t, {
    limits: {
      rules: { lane: { callsInFlight: 1 } },
      waitingLine: { length: 20, maxWait: '60s', aging: '60s' },
    },
  })
  const order: string[] = []
  const calling = (workload: string, fault: string): Promise<void> =>
    caller.call({ as: 'carol', workload, fault }).then(answer => {
      assert.equal(answer.status, 200, answer.body.toString())
      order.push(workload)
    })
  const first = calling('hr-bot', 'slow-first-byte;ms=3000')
  await eventually('the first is in flight', async () => (await caller.report()).rules[0]?.reserved === 1 || null)
  const batch = [1, 2, 3].map(() => calling('hr-bot', 'slow-first-byte;ms=30'))
  await eventually('they wait', async () => (await caller.report()).waiting === 3 || null)
  const interactive = calling('code-assistant', 'slow-first-byte;ms=30')
  await Promise.all([first, interactive, ...batch])
  assert.deepEqual(order, ['hr-bot', 'code-assistant', 'hr-bot', 'hr-bot', 'hr-bot'])
  const waits = (await settledRecords(caller.world.house)).map(record => record.waitedMs)
  assert.equal(waits.filter(ms => ms === null).length, 1, 'the first did not wait')
  assert.equal(waits.filter(ms => ms !== null && ms > 0).length, 4)
})

test('a client that disconnects leaves the queue at once; a call whose wait ends is refused as it would have been without a queue', async t => {
  const caller = await limited(t, {
    limits: {
      rules: { lane: { callsInFlight: 1 } },
      waitingLine: { length: 1, maxWait: '300ms' },
    },
  })
  const first = caller.call({ fault: 'slow-first-byte;ms=4000' })
  await eventually('the first is in flight', async () => (await caller.report()).rules[0]?.reserved === 1 || null)
  const connection = await RawConnection.open(caller.world.url)
  connection.write(requestBytes(caller.world.url, caller.request()))
  await eventually('it waits', async () => (await caller.report()).waiting === 1 || null)
  refusedWith(await caller.call(), 429, 'concurrency_limit_reached')
  connection.leave()
  await eventually('no call waits', async () => (await caller.report()).waiting === 0 || null)
  refusedWith(await caller.call(), 429, 'concurrency_limit_reached')
  assert.equal((await first).status, 200)
  const records = await settledRecords(caller.world.house)
  assert.deepEqual(records.map(record => record.outcome).toSorted(), ['aborted', 'completed', 'refused', 'refused'])
  const { reserved, refused } = await caller.line('limits.rules.lane', 'callsInFlight')
  assert.deepEqual([reserved, refused], [0, 2], 'a disconnected client is not counted as refused')
})

// A rolling restart must not hang on calls that wait for capacity that will never come.
test('P12 calls that wait when the gateway stops are refused with that reason, and recorded', async t => {
  const caller = await limited(t, {
    limits: { rules: { lane: { callsInFlight: 1 } }, waitingLine: { length: 5, maxWait: '5m' } },
    change: config => ({ ...config, gateway: { ...config.gateway, timeouts: { shutdownGrace: '1s' } } }),
  })
  const stuck = caller.call({ fault: 'slow-first-byte;ms=60000' })
  await eventually('the first is in flight', async () => (await caller.report()).rules[0]?.reserved === 1 || null)
  const waiting = caller.call()
  await eventually('one waits', async () => (await caller.report()).waiting === 1 || null)
  const { house, directory } = caller.world
  await house.close()
  refusedWith(await waiting, 503, 'shutting_down')
  assert.equal((await stuck).status, 503)
  const counter = createTokenCounter()
  const ledger = await openLedger({
    ...caller.world.config.ledger,
    directory: join(directory, 'ledger'),
    clock: Date.now,
    counter,
    log: silentLog,
    modelOf: () => null,
  })
  t.after(async () => {
    await ledger.close()
    await counter.close()
  })
  const outcomes = (await allRecords(ledger)).map(record => record.outcomeCode)
  assert.deepEqual(outcomes.toSorted(), ['shutdown', 'shutting_down'])
})

test('P10 a limit that is raised while calls wait for it lets them through', async t => {
  const caller = await limited(t, {
    limits: { rules: { lane: { requestsPerMinute: 1 } }, waitingLine: { length: 5, maxWait: '5m' } },
  })
  assert.equal((await caller.call()).status, 200)
  const second = caller.call()
  await eventually('one waits', async () => (await caller.report()).waiting === 1 || null)
  const { config } = caller.world
  const [lane] = Object.values(config.limits.rules)
  assert.ok(lane)
  const rules = { lane: { ...lane, requestsPerMinute: 2 } }
  assert.deepEqual(caller.world.house.reload({ ...config, limits: { ...config.limits, rules } }), [])
  assert.equal((await second).status, 200)
})
