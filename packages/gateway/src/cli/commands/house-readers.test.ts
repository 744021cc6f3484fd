import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { failedProbe, ruleReport } from '../../admin/running.fixture.ts'
import type { LimitsReport } from '../../limits/index.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'
import { columnsOf } from '../terminal/printable.ts'

async function startReaders(t: TestContext) {
  const house = await startHouse(t)
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  return {
    house,
    read: (args: readonly string[], options?: RunOptions): Promise<Run> =>
      run(args, { admin: house.admin.url, token, ...options }),
  }
}

const lineWith = (out: string, text: string): string => out.split('\n').find(line => line.includes(text)) ?? ''
const alice = demoDirectory.people.find(person => person.name === 'alice')

test('limits show what is used, reserved and left, when they renew, and how often they refused', async t => {
  const { read } = await startReaders(t)
  const { code, out, err } = await read(['limits'])
  assert.deepEqual([code, err], [0, ''])
  const columns = (line: string): string[] => line.trim().split(/ {2,}/)
  assert.deepEqual(columns(lineWith(out, '60k tokens/min')), [
    ...['hr-bot', '60k tokens/min', '12,345', '4,000', '43,655', '27', '30 s', '2026-11-23 12:00:30', '0'],
    'workload hr-bot',
  ])
  // A budget that is 90 % spent on the 23rd must stand out.
  assert.match(lineWith(out, 'USD/month'), /^! +hr-bot +500\.00 USD\/month +481\.50 +0\.25 +18\.25 +96 +8 d /)
  assert.match(lineWith(out, '20k tokens/min'), /^✗ +hr-bot\/caller .* 0 +100 +30 s .* 7 +each caller of hr-bot$/)
  assert.match(lineWith(out, 'at once'), / 50 calls at once +0 +3 +47 +6 +- +- +0 /)
  assert.match(
    lineWith(out, 'company'),
    /^~ +limits\.rules\.company .* 1M tokens\/day +1,250,000 .* 125 .* 41 +everything$/,
  )
})

// A key of 75 characters does not tell an operator which person to talk to.
test('callers that a rule counts are shown by name where the ledger knows it', async t => {
  const { house, read } = await startReaders(t)
  assert.match((await read(['limits'])).out, /hr-bot\/caller +a11ce000-6b1d-4c1e-9a53-0f5d1c7e2a01 /)
  await house.ledger.add({
    ...recordRow(recordId(1)),
    ...{ callerTenantId: demoDirectory.tenantId, callerObjectId: alice?.objectId ?? '', callerName: 'alice@contoso' },
  })
  assert.match((await read(['limits'])).out, /hr-bot\/caller +alice@contoso /)
})

// A name that is cut cannot be typed into the next command.
test('on 80 columns limits cut no name of usual length, and costs are to the cent', async t => {
  const { house, read } = await startReaders(t)
  const people = demoDirectory.people.slice(0, 3)
  for (const [at, { objectId, userPrincipalName }] of people.entries()) {
    const person = { callerTenantId: demoDirectory.tenantId, callerObjectId: objectId, callerName: userPrincipalName }
    await house.ledger.add({ ...recordRow(recordId(at)), ...person })
  }
  const each = people.map(({ objectId }) =>
    ruleReport({ rule: 'limits.rules.trial-of-all', subject: `user:${demoDirectory.tenantId}/${objectId}` }),
  )
  const budget = {
    measure: 'costPerQuarter',
    limit: 120e9,
    used: 1_000_000,
    reserved: 0,
    remaining: 119_999_000_000,
  } as const
  const rules = [ruleReport({ rule: 'limits.rules.all', ...budget }), ruleReport({ rule: 'code-assistant' }), ...each]
  house.running.limits = async () => ({ store: 'memory', state: 'ok', downSinceMs: null, waiting: 0, rules })
  const { out } = await read(['limits'], { columns: 80 })
  for (const line of out.split('\n')) assert.ok(columnsOf(line) <= 80, line)
  assert.doesNotMatch(out, /…/)
  for (const { name } of people) assert.match(out, new RegExp(` trial-of-all +${name} `), out)
  assert.match(out, / all .* 120 USD\/quarter .*120\.00 /)
  const notes = 'limits.rules. is left out of the names of rules. @contoso.example is left out of names.'
  assert.ok(out.replaceAll(/\s+/g, ' ').includes(notes), out)
  const wide = await read(['limits'], { columns: 200 })
  assert.match(wide.out, / limits\.rules\.all .* 120\.00 USD\/quarter +< 0\.01 /)
  assert.match(wide.out, /alice@contoso\.example/)
})

test('limits of one workload leave out rules that never apply to its calls', async t => {
  const { read } = await startReaders(t)
  const { out } = await read(['limits', '--workload', 'code-assistant'])
  assert.match(out, /code-assistant[\s\S]*company/)
  assert.doesNotMatch(out, /hr-bot/)
  const unknown = await read(['limits', '--workload', 'hrbot'])
  assert.match(unknown.err, /✗ name_unknown {2}No workload is called hrbot\.\n {2}The nearest is hr-bot\./)
})

// While the store is down, the figures below do not decide. The reader must see that first.
test('a store that does not answer is reported first, with what the gateway does meanwhile', async t => {
  const { house, read } = await startReaders(t)
  const report: LimitsReport = {
    store: 'redis',
    state: 'refuse',
    downSinceMs: Date.UTC(2026, 10, 23, 11, 57),
    waiting: 2,
    rules: [ruleReport()],
  }
  const first = async (state: LimitsReport['state']): Promise<string[]> => {
    house.running.limits = async () => ({ ...report, state })
    return (await read(['limits'])).out.split('\n').slice(0, 2)
  }
  assert.deepEqual(await first('refuse'), [
    '! Redis has not answered for 3 min: calls with limits are refused meanwhile.',
    '2 calls wait in line.',
  ])
  assert.match((await first('local'))[0] ?? '', /goes on with its share/)
  assert.match((await first('allow'))[0] ?? '', /pass uncounted/)
})

test('a rule with many counters shows the fullest ones; JSON and CSV have all', async t => {
  const { house, read } = await startReaders(t)
  const crowd = Array.from({ length: 1_200 }, (_, at) =>
    ruleReport({ rule: 'hr-bot/caller', subject: `user:${demoDirectory.tenantId}/${at}`, used: at, remaining: 9 }),
  )
  house.running.limits = async () => ({ store: 'memory', state: 'ok', downSinceMs: null, waiting: 0, rules: crowd })
  const { out } = await read(['limits'])
  assert.equal(out.match(/hr-bot\/caller/g)?.length, 10)
  assert.match(out, / 1199 /)
  assert.match(out, /And 1,190 that are less used/)
  assert.equal(JSON.parse((await read(['limits'], { json: true })).out).rules.length, 1_200)
  const csv = (await read(['limits', '--format', 'csv'])).out.split('\n')
  const head = 'rule,subject,measure,mode,limit,used,reserved,remaining,unit,renewsAt,refused,counter,scope'
  assert.equal(csv[0], `${head},configured,overrideUntil,overrideBy,overrideReason`)
  assert.equal(csv.length, 1_202)
})

test('instances show state, utilisation, breaker with its reason, latency and share of calls', async t => {
  const { read } = await startReaders(t)
  const { code, out } = await read(['instances'], { nowMs: Date.UTC(2026, 10, 23, 12, 0, 5) })
  assert.equal(code, 0)
  assert.match(
    out,
    /^! west: it refuses the gateway’s own credential\.\n! west: the last probe, 5 s ago, failed\. The instance refused the key \(401\)\.\n/,
  )
  assert.match(
    lineWith(out, 'provisioned'),
    /^! +east +gpt-4o +spilling +93 % +75 % +300 +2 +3 +412 +1,204 +- +provisioned$/,
  )
  assert.match(lineWith(out, 'throttled'), /^✗ +west +gpt-4o +open 15 s \(throttled\) +- +25 % +100 +40 +0 /)
  const pools = out.slice(out.indexOf('pool '))
  assert.match(pools, /main +weighted +1 +east +1 +90 % +75 %\nmain +weighted +2 +west +1 +- +25 %\n$/)
  const csv = (await read(['instances', '--format', 'csv'])).out.split('\n')
  assert.match(csv[1] ?? '', /^east,eastus2,true,gpt-4o,gpt-4o,provisioned,closed,,,0\.934,true,/)
})

test('a probe prints its result, and a failed one exits with code 1', async t => {
  const { house, read } = await startReaders(t)
  const good = await read(['instances', 'probe', 'east', '--as', 'alice'])
  assert.deepEqual([good.code, good.out], [0, '✓ east  answered 200 in 41 ms; its credential is accepted.\n'])
  const failed = await read(['instances', 'probe', 'west', '--as', 'alice'])
  assert.deepEqual([failed.code, failed.out], [1, ''])
  assert.equal(
    failed.err,
    '✗ probe_failed  Instance west answered 401, after 41 ms.\n' +
      `  ${failedProbe.error}\n  Try: gatehouse instances, and look at instances.west in the configuration\n`,
  )
  assert.deepEqual(house.running.probed, ['east', 'west'])
  const json = await read(['instances', 'probe', 'east', '--as', 'alice'], { json: true })
  assert.equal(JSON.parse(json.out).status, 200)
  const auditor = await read(['instances', 'probe', 'east'])
  assert.match(auditor.err, /✗ role_missing {2}This needs the role operator/)
  const unknown = await read(['instances', 'probe', '../usage', '--as', 'alice'])
  assert.match(unknown.err, /✗ instance_unknown .*There are: east, west\..*\n.*\n {2}Try: gatehouse instances/)
})

test('an operator drains and restores an instance, and the list says who did it and since when', async t => {
  const { house, read } = await startReaders(t)
  const drained = await read(['instances', 'drain', 'east', '--as', 'alice'])
  assert.deepEqual([drained.code, drained.out], [0, '✓ east  gets no new calls; 3 calls are still running there.\n'])
  const auditor = await read(['instances', 'drain', 'east'])
  assert.match(auditor.err, /✗ role_missing {2}This needs the role operator/)
  const report = await house.running.replicas()
  const [own] = report.replicas
  const instances = own?.figures?.instances.map(one =>
    one.name === 'east' ? { ...one, drained: { sinceMs: Date.UTC(2026, 10, 23, 12), by: 'alice@contoso' } } : one,
  )
  const figures = own?.figures ?? assert.fail()
  house.running.replicas = async () => ({
    ...report,
    replicas: [{ ...(own ?? assert.fail()), figures: { ...figures, instances: instances ?? [] } }],
  })
  const { out } = await read(['instances'], { nowMs: Date.UTC(2026, 10, 23, 12, 3) })
  assert.match(out, /^! east: alice@contoso drained it 3 min ago; 3 calls are still running there\.\n/)
  house.running.drains = {
    ...house.running.drains,
    restore: async () => ({ drained: null, sharing: 'away' }),
  }
  const restored = await read(['instances', 'restore', 'east', '--as', 'alice'])
  assert.match(restored.out, /^✓ east {2}gets calls again; .* Redis does not answer: the other replicas follow when/)
})

test('attention lists what is worst first, with what to do, and says when all is well', async t => {
  const { house, read } = await startReaders(t)
  const { out } = await read(['attention'])
  const lines = out.split('\n')
  assert.equal(lines[0]?.[0], '✗')
  assert.match(out, /^! Limit hr-bot of 500\.00 USD a month for workload hr-bot is used to 96 %\./m)
  assert.match(out, /^✗ Feed east does not deliver: .* \(since .*\)\n {2}→ Do what the error says/m)
  assert.match(out, /^· Limit limits\.rules\.company .* would refuse calls now; it is only watched\.$/m)
  const csv = (await read(['attention', '--format', 'csv'])).out.split('\n')
  assert.equal(csv[0], 'severity,code,subject,sinceMs,what,next,page')
  const { replicas } = await house.running.replicas()
  house.running.limits = async () => ({ store: 'memory', state: 'ok', downSinceMs: null, waiting: 0, rules: [] })
  house.running.replicas = async () => ({
    sharing: 'alone',
    replicas: replicas.map(one => ({
      ...one,
      figures: one.figures === null ? null : { ...one.figures, instances: [], feeds: [] },
    })),
  })
  assert.equal((await read(['attention'])).out, '✓ Nothing needs attention.\n')
})

test('usage over time shows steps of the zone, one dimension, and percentiles', async t => {
  const { house, read } = await startReaders(t)
  const startedAtMs = Date.UTC(2026, 10, 20, 23, 30)
  for (const [at, workload] of ['hr-bot', 'hr-bot', 'code-assistant'].entries()) {
    const times = { startedAtMs, sentAtMs: startedAtMs, firstByteAtMs: startedAtMs + 100, endedAtMs: startedAtMs + 400 }
    await house.ledger.add(recordRow(recordId(at + 1), { ...times, workload }))
  }
  const asked = ['usage', '--from', '2026-11-20', '--to', '2026-11-22']
  const { code, out, err } = await read([...asked, '--over', 'day', '--time-zone', 'Europe/Berlin', '--by', 'workload'])
  assert.deepEqual([code, err], [0, ''])
  assert.match(lineWith(out, 'hr-bot'), /^2026-11-21 +hr-bot +2 +0 +0 +2,468 +100 +100 +100 +400 +400 +400 /)
  assert.match(lineWith(out, 'total'), /^total +3 +0 +0 +3,702 /)
  const hours = await read([...asked, '--over', 'hour', '--format', 'csv'])
  const [head, line] = hours.out.split('\n')
  assert.equal(
    head,
    'hour,calls,refused,failed,totalTokens,firstByteMs.p50,firstByteMs.p95,firstByteMs.p99,durationMs.p50,durationMs.p95,durationMs.p99,cost,currency',
  )
  assert.match(line ?? '', /^2026-11-20 23:00,3,0,0,3702,100,100,100,400,400,400,0\.010020000,USD$/)
  const several = await read([...asked, '--over', 'hour', '--by', 'workload,model'])
  assert.match(several.err, /With --over, --by takes one of workload, caller,/)
})

// A line that wraps on a narrow terminal cannot be read.
test('tables of limits and instances are never wider than the terminal', async t => {
  const { house, read } = await startReaders(t)
  const { rules, ...report } = await house.running.limits()
  const large = {
    limit: 2_000_000_000,
    used: 1_234_567_891,
    remaining: 765_432_109,
    measure: 'tokensPerMonth',
  } as const
  house.running.limits = async () => ({ ...report, rules: [...rules, ruleReport({ ...large, renewsAtMs: 9e14 })] })
  for (const columns of [80, 100, 120, 200]) {
    for (const command of [['limits'], ['instances']]) {
      const { out } = await read(command, { columns })
      const widest = Math.max(...out.split('\n').map(columnsOf))
      assert.ok(widest <= columns, `${command} at ${columns}: ${widest}`)
    }
  }
})
