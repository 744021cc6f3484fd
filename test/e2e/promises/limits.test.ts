/** P7 through the whole gateway: what clients receive, what is charged, and what is left afterwards. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildHouse } from '../../../packages/gateway/src/house/open.ts'
import { silentLog } from '../../../packages/gateway/src/log.ts'
import { limited, refusedWith } from '../../support/limited.ts'
import { RawConnection, requestBytes } from '../../support/raw.ts'
import { recordOf, settledRecords } from '../../support/records.ts'
import { errorOf } from '../../support/refused.ts'
import { eventually } from '../../support/wait.ts'

// A client that is refused must learn which rule refused it, for which workload, and when to retry; a bare 429 costs an
// afternoon.
test('P7 a token limit refuses with the rule, the workload, what is left and when to retry', async t => {
  const caller = await limited(t, { hrBot: { tokensPerMinute: 300 } })
  const first = await caller.call({ max: 150 })
  assert.equal(first.status, 200)
  assert.equal(first.headers['x-ratelimit-limit-tokens'], '300')
  assert.ok(Number(first.headers['x-ratelimit-remaining-tokens']) < 150)
  assert.match(first.headers['x-ratelimit-reset-tokens'] ?? '', /^(60|61)$/)
  const { remaining } = await caller.line('hr-bot', 'tokensPerMinute')
  const refused = await caller.call({ max: remaining })
  const message = refusedWith(refused, 429, 'token_limit_reached')
  assert.match(
    message,
    /^Limit "hr-bot" of 300 tokens per minute .* \d+ are left.*workload "hr-bot".*in \d+ seconds\.$/,
  )
  assert.ok(message.includes(`${remaining} are left`), message)
  assert.equal(refused.headers['x-should-retry'], 'true')
  const seconds = Number(refused.headers['retry-after'])
  assert.ok(seconds >= 50 && seconds <= 61, `retry after ${seconds}`)
  assert.ok(Math.ceil(Number(refused.headers['retry-after-ms']) / 1_000) === seconds)
  assert.equal(refused.headers['x-ratelimit-remaining-tokens'], String(remaining))
  assert.equal((await caller.line('hr-bot', 'tokensPerMinute')).refused, 1)
  const record = await recordOf(caller.world.house.ledger, first.headers['x-gatehouse-request-id'])
  assert.ok((record.reservedTokens ?? 0) >= 150)
})

test('P7 rules stack: caller, workload and global rules all apply, and a refused call takes from none', async t => {
  const caller = await limited(t, {
    hrBot: { requestsPerMinute: 4, perCaller: { requestsPerMinute: 2 } },
    limits: { rules: { everything: { requestsPerMinute: 5 } } },
  })
  const statuses: number[] = []
  for (let call = 0; call < 4; call += 1) statuses.push((await caller.call()).status)
  assert.deepEqual(statuses, [200, 200, 429, 429])
  assert.match(refusedWith(await caller.call(), 429, 'request_limit_reached'), /"hr-bot\/caller" of 2 calls per minute/)
  assert.equal((await caller.call({ as: 'carol' })).status, 200)
  assert.equal((await caller.call({ as: 'carol' })).status, 200)
  assert.equal((await caller.call({ as: 'carol', workload: 'code-assistant' })).status, 200)
  const message = refusedWith(
    await caller.call({ as: 'carol', workload: 'code-assistant' }),
    429,
    'request_limit_reached',
  )
  assert.match(message, /"limits\.rules\.everything" of 5 calls per minute.*workload "code-assistant"/)
  assert.equal((await caller.line('limits.rules.everything', 'requestsPerMinute')).used, 5)
})

test('P7 workloads that share a counter share what is left of it', async t => {
  const caller = await limited(t, {
    limits: {
      rules: {
        hr: { requestsPerMinute: 3, workloads: ['hr-bot'], counter: 'wallet' },
        code: { requestsPerMinute: 3, workloads: ['code-assistant'], counter: 'wallet' },
      },
    },
  })
  for (const workload of ['hr-bot', 'code-assistant', 'hr-bot']) {
    assert.equal((await caller.call({ as: 'carol', workload })).status, 200)
  }
  refusedWith(await caller.call({ as: 'carol', workload: 'code-assistant' }), 429, 'request_limit_reached')
  refusedWith(await caller.call({ workload: 'hr-bot' }), 429, 'request_limit_reached')
})

test('a rule in shadow mode lets every call pass, appears in no header, and reports what it would have refused', async t => {
  const caller = await limited(t, { hrBot: { requestsPerMinute: 1, mode: 'shadow' } })
  for (let call = 0; call < 3; call += 1) {
    const answer = await caller.call()
    assert.equal(answer.status, 200)
    assert.notEqual(answer.headers['x-ratelimit-limit-requests'], '1')
  }
  const line = await caller.line('hr-bot', 'requestsPerMinute')
  assert.deepEqual([line.mode, line.used, line.refused], ['shadow', 3, 2])
})

// SDKs wait as long as Retry-After says: with a monthly budget they would hang for days.
test('P7 a spent budget refuses without Retry-After and states when it renews: midnight in the configured zone', async t => {
  const time = { ms: Date.UTC(2026, 9, 24, 21, 59) }
  const caller = await limited(t, {
    hrBot: { tokensPerDay: 400 },
    limits: { timeZone: 'Europe/Berlin' },
    parts: { clock: () => time.ms, identityClock: Date.now },
  })
  assert.equal((await caller.call({ max: 380, text: 'Say exactly: a b c' })).status, 200)
  while ((await caller.line('hr-bot', 'tokensPerDay')).remaining > 40) await caller.call({ max: 20 })
  const refused = await caller.call({ max: 200 })
  const message = refusedWith(refused, 429, 'budget_exhausted')
  assert.match(
    message,
    /^Budget "hr-bot" has \d+ of 400 tokens per day left, and this call may need \d+ tokens \(\d+ of the prompt \+ max_tokens \d+\).*renews at 2026-10-24T22:00:00Z/,
  )
  assert.equal(refused.headers['x-should-retry'], 'false')
  assert.equal(refused.headers['retry-after'], undefined)
  assert.equal(errorOf(refused).type, 'insufficient_quota')
  time.ms = Date.UTC(2026, 9, 24, 22)
  assert.equal((await caller.call({ max: 200 })).status, 200)
  const { renewsAtMs } = await caller.line('hr-bot', 'tokensPerDay')
  assert.equal(renewsAtMs, Date.UTC(2026, 9, 25, 23), 'the day on which the clocks go back has 25 hours')
})

// A deployment in the last week of a quarter must not give the department a second budget.
test('P7 a spent budget of a fiscal quarter refuses, also after a restart, until the quarter ends', async t => {
  const time = { ms: Date.UTC(2026, 5, 30, 21, 30) }
  const parts = { clock: () => time.ms, identityClock: Date.now }
  const caller = await limited(t, {
    hrBot: { tokensPerQuarter: 400, costPerYear: '5 USD' },
    limits: { timeZone: 'Europe/Berlin', fiscalYearStart: '10-01' },
    parts,
  })
  const { world } = caller
  assert.equal((await caller.call({ max: 380, text: 'Say exactly: a b c' })).status, 200)
  while ((await caller.line('hr-bot', 'tokensPerQuarter')).remaining > 40) await caller.call({ max: 20 })
  const spent = await caller.call({ max: 200 })
  const renews = /of 400 tokens per quarter left.*renews at 2026-06-30T22:00:00Z/
  assert.match(refusedWith(spent, 429, 'budget_exhausted'), renews)
  assert.deepEqual([spent.headers['x-should-retry'], spent.headers['retry-after']], ['false', undefined])
  const used = async (url?: string): Promise<unknown[]> =>
    (await caller.report(url)).rules.map(line => [line.measure, line.used, line.beganAtMs, line.renewsAtMs])
  const before = await used()
  await world.house.close()
  const again = await buildHouse(world.config, { ...parts, log: silentLog, appService: world.entra.managedIdentity })
  t.after(() => again.close())
  assert.deepEqual(await used(again.admin?.url), before)
  const still = await caller.call({ max: 200 }, again.gateway.url)
  assert.match(refusedWith(still, 429, 'budget_exhausted'), renews)
  time.ms = Date.UTC(2026, 5, 30, 22)
  assert.equal((await caller.call({ max: 200 }, again.gateway.url)).status, 200)
  const [quarter, year] = (await caller.report(again.admin?.url)).rules
  assert.deepEqual(
    [quarter?.beganAtMs, quarter?.renewsAtMs, year?.beganAtMs, year?.renewsAtMs],
    ['2026-06-30T22:00Z', '2026-09-30T22:00Z', '2025-09-30T22:00Z', '2026-09-30T22:00Z'].map(Date.parse),
  )
  assert.ok((year?.used ?? 0) > 0, 'the year goes on')
})

test("P7 a restart forgets no workload's budget", async t => {
  const caller = await limited(t, {
    hrBot: { tokensPerDay: 100_000, requestsPerMinute: 3, perCaller: { tokensPerMonth: 50_000 } },
  })
  const { world } = caller
  assert.equal((await caller.call({ max: 60 })).status, 200)
  assert.equal((await caller.call({ as: 'carol', max: 60 })).status, 200)
  const before = (await caller.report()).rules.map(line => [line.rule, line.measure, line.subject, line.used])
  await eventually('nothing is in flight', () => (world.house.gateway.inFlight === 0 ? true : null))
  await world.house.close()
  const again = await buildHouse(world.config, { log: silentLog, appService: world.entra.managedIdentity })
  t.after(() => again.close())
  const after = (await caller.report(again.admin?.url)).rules.map(line => [
    line.rule,
    line.measure,
    line.subject,
    line.used,
  ])
  assert.deepEqual(new Set(after.map(String)), new Set(before.map(String)))
  assert.equal(after.length, 4)
  assert.equal((await caller.call({}, again.gateway.url)).status, 200)
  refusedWith(await caller.call({}, again.gateway.url), 429, 'request_limit_reached')
})

test('P7 refused and failed calls cost no token and leave nothing reserved', async t => {
  const caller = await limited(t, { hrBot: { tokensPerMinute: 1_000, callsInFlight: 5, costPerDay: '5 USD' } })
  const refused = await caller.call({ deployment: 'o3' })
  assert.equal(refused.status, 403)
  assert.equal((await caller.call({ fault: '500' })).status, 500)
  assert.equal((await caller.call({ fault: '503' })).status, 503)
  for (const measure of ['tokensPerMinute', 'callsInFlight', 'costPerDay']) {
    const { used, reserved } = await caller.line('hr-bot', measure)
    assert.deepEqual([measure, used, reserved], [measure, 0, 0])
  }
  const answer = await caller.call({ max: 30 })
  const { usage } = JSON.parse(answer.body.toString()) as { usage: { total_tokens: number } }
  assert.equal((await caller.line('hr-bot', 'tokensPerMinute')).used, usage.total_tokens)
  const cost = await caller.line('hr-bot', 'costPerDay')
  const record = await recordOf(caller.world.house.ledger, answer.headers['x-gatehouse-request-id'])
  assert.deepEqual([cost.used, cost.reserved], [record.cost?.nano, 0])
})

// Reservations of disconnected clients that are never released shrink the limit until the next restart.
test('P7 a client that disconnects mid-stream gets its unused reservation refunded', async t => {
  const caller = await limited(t, { hrBot: { tokensPerMinute: 5_000, callsInFlight: 2 } })
  for (const stream of [true, false]) {
    const connection = await RawConnection.open(caller.world.url)
    connection.write(
      requestBytes(caller.world.url, caller.request({ max: 4_000, stream, fault: 'stall;after=2;ms=4000' })),
    )
    await eventually('it is in flight', async () => ((await caller.report()).rules[0]?.reserved ?? 0) > 0 || null)
    refusedWith(await caller.call({ max: 4_000 }), 429, 'token_limit_reached')
    connection.leave()
    await settledRecords(caller.world.house)
    const { reserved, used } = await caller.line('hr-bot', 'tokensPerMinute')
    assert.equal(reserved, 0)
    assert.ok(used < 500, `${used} used`)
    assert.equal((await caller.line('hr-bot', 'callsInFlight')).reserved, 0)
  }
})

// If the real usage cannot be known, the reservation is charged: otherwise disconnecting early would be a way around
// the limit.
test('P7 a client that disconnects from an answer that never ends is charged its reservation, and nothing stays reserved', async t => {
  const caller = await limited(t, {
    hrBot: { tokensPerMinute: 5_000, callsInFlight: 2 },
    change: config => ({ ...config, gateway: { ...config.gateway, timeouts: { readOn: '50ms' } } }),
  })
  const connection = await RawConnection.open(caller.world.url)
  connection.write(requestBytes(caller.world.url, caller.request({ max: 4_000, stream: true, fault: 'stall;after=2' })))
  await connection.seen('data: ')
  connection.leave()
  const [record] = await settledRecords(caller.world.house)
  assert.deepEqual([record?.usage.source, record?.usage.completionTokens], ['bounded', 4_000])
  const { reserved, used } = await caller.line('hr-bot', 'tokensPerMinute')
  assert.deepEqual([reserved, used], [0, record?.usage.totalTokens])
  assert.equal((await caller.line('hr-bot', 'callsInFlight')).reserved, 0)
})

test('P7 of 200 simultaneous calls with explicit maxima, no more are admitted than the token limit allows', async t => {
  const caller = await limited(t, { hrBot: { tokensPerMinute: 3_000 } })
  const answers = await Promise.all(Array.from({ length: 200 }, () => caller.call({ max: 50, text: 'Hello' })))
  const statuses = answers.map(answer => answer.status)
  assert.deepEqual([...new Set(statuses)].toSorted(), [200, 429])
  const { used, reserved } = await caller.line('hr-bot', 'tokensPerMinute')
  assert.deepEqual([used, reserved], [caller.billed(), 0])
  assert.ok(used <= 3_000, `${used} used`)
})

test('P7 of 200 simultaneous calls, no more are in flight at once than the limit allows', async t => {
  const caller = await limited(t, { hrBot: { callsInFlight: 7 } })
  let most = 0
  const watching = setInterval(() => {
    const open = [caller.world.one, caller.world.two].flatMap(one => one.bill().filter(line => !line.ended))
    most = Math.max(most, open.length)
  }, 2)
  t.after(() => clearInterval(watching))
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => caller.call({ fault: 'slow-first-byte;ms=60', stream: true })),
  )
  const passed = answers.filter(answer => answer.status === 200).length
  assert.ok(passed >= 7, `${passed} passed`)
  assert.ok(most > 0 && most <= 7, `${most} in flight at once`)
  const [refused] = answers.filter(answer => answer.status === 429)
  assert.ok(refused)
  refusedWith(refused, 429, 'concurrency_limit_reached')
  assert.equal((await caller.line('hr-bot', 'callsInFlight')).reserved, 0)
})

test('P7 a call that can never fit is refused as such; one whose size is only assumed is admitted while the limit is unused', async t => {
  const caller = await limited(t, { hrBot: { tokensPerMinute: 500 } })
  const refused = await caller.call({ max: 501 })
  assert.match(refusedWith(refused, 400, 'request_exceeds_limit'), /limit "hr-bot".* is 500 tokens per minute in all/)
  assert.equal(refused.headers['x-should-retry'], 'false')
  assert.equal((await caller.call({ max: null })).status, 200)
})

test("P3 a 429 from the instance passes unchanged, with the instance's own figures", async t => {
  const caller = await limited(t, {
    hrBot: { tokensPerMinute: 100_000 },
    change: config => ({
      ...config,
      pools: { main: { members: [{ instance: 'dev-openai-instance-1' }] } },
    }),
  })
  const answer = await caller.call({ fault: '429;retry-after=7' })
  assert.equal(answer.status, 429)
  assert.equal(answer.headers['retry-after'], '7')
  assert.equal(answer.headers['x-gatehouse-refusal'], undefined)
  assert.notEqual(answer.headers['x-ratelimit-limit-tokens'], '100000')
  assert.equal((await caller.line('hr-bot', 'tokensPerMinute')).used, 0)
})

test('an instance at its own limit is skipped while the pool has another one, and after that the call is refused', async t => {
  const caller = await limited(t, {
    change: config => ({
      ...config,
      instances: Object.fromEntries(
        Object.entries(config.instances).map(([name, one]) => [name, { ...one, limits: { requestsPerMinute: 2 } }]),
      ),
    }),
  })
  const statuses: number[] = []
  for (let call = 0; call < 5; call += 1) statuses.push((await caller.call()).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 429])
  assert.deepEqual([caller.world.one.bill().length, caller.world.two.bill().length], [2, 2])
  refusedWith(await caller.call(), 429, 'request_limit_reached')
})
