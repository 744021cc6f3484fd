import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { closedOf, newId, openedOf, testLedger } from '../../ledger/exchange.fixture.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

async function startReaders(t: TestContext) {
  const house = await startHouse(t)
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  return {
    house,
    read: (args: readonly string[], options?: RunOptions): Promise<Run> =>
      run(args, { admin: house.admin.url, token, ...options }),
  }
}

/** Three calls of two workloads, one of them refused. */
const rows: readonly RecordRow[] = [
  recordRow(recordId(1)),
  recordRow(recordId(2), {
    workload: 'code-assistant',
    callerName: 'bob',
    usage: { ...recordRow('').usage, totalTokens: 1_000_000 },
  }),
  recordRow(recordId(3), { outcome: 'refused', outcomeCode: 'caller_not_bound', status: 403, workload: null }),
]

// Nine records of ten are missing from the audit, and nothing says so.
test('a list in CSV or JSON is whole, and one with a limit says that there is more', async t => {
  const { house, read } = await startReaders(t)
  for (let number = 1; number <= 60; number++) await house.ledger.add(recordRow(recordId(number)))
  const csv = await read(['records', 'list', '--format', 'csv'])
  assert.deepEqual([csv.out.split('\n').length, csv.err], [62, ''])
  const json = await read(['records', 'list', '--format', 'json'])
  const all = JSON.parse(json.out)
  assert.deepEqual([all.records.length, all.more, json.err], [60, false, ''])
  const some = await read(['records', 'list', '--format', 'json', '--limit', '59'])
  assert.deepEqual([JSON.parse(some.out).records.length, JSON.parse(some.out).more], [59, true])
  assert.equal(some.err, '! These are the newest 59 records, and there are more. Without --limit you get all.\n')
  assert.match(
    (await read(['records', 'list'])).out,
    /\nThese are the newest 50 records, and there are more\. Try: --limit 500,/,
  )
  assert.match((await read(['records', 'list', '--limit', '60'])).out, new RegExp(`${recordId(1)} .*\\n$`))
  const none = await read(['records', 'list', '--from', '1m', '--format', 'json'])
  assert.deepEqual(JSON.parse(none.out), { records: [], more: false })
})

test('--by takes commas, spaces and repetition alike, and --total adds a line of sums to CSV', async t => {
  const { house, read } = await startReaders(t)
  for (const row of rows) await house.ledger.add(row)
  const forms = [
    ['--by', 'month,workload'],
    ['--by', 'month', 'workload'],
    ['--by', 'month', '--by', 'workload'],
  ]
  const csv = await Promise.all(forms.map(async form => (await read(['usage', ...form, '--format', 'csv'])).out))
  assert.deepEqual(csv, [csv[0], csv[0], csv[0]])
  assert.match(csv[0] ?? '', /^month,workload,calls,/)
  const { out } = await read(['usage', '--by', 'month,workload', '--format', 'csv', '--total'])
  assert.equal(out.slice(0, csv[0]?.length), csv[0])
  assert.match(out.slice(csv[0]?.length), /^total,,3,2,1,.*,0\.010020000,USD\n$/)
  assert.equal((await read(['usage', '--by', 'month', '--by', 'month'])).code, 2)
})

test('a report says which lines have no name, and that provisioned deployments have a list price', async t => {
  const { house, read } = await startReaders(t)
  for (const row of rows) await house.ledger.add(row)
  const { out } = await read(['usage'], { columns: 80 })
  assert.match(out, /\n\(none\) as workload: calls that were refused before it was known\.\n/)
  assert.match(out, /\nCalls of provisioned deployments \(east\/gpt-4o\) are at the list price of tokens,\n/)
  assert.doesNotMatch((await read(['usage', '--by', 'day'])).out, /\(none\)/)
})

// A budget of November in Berlin and a report of November in UTC differ by an hour of calls.
test('months are those of the zone of the limits, unless another zone is named', async t => {
  const { house, read } = await startReaders(t)
  const startedAtMs = Date.UTC(2026, 9, 31, 23, 30)
  await house.ledger.add(recordRow(recordId(1), { startedAtMs, endedAtMs: startedAtMs + 400 }))
  const calls = async (...args: readonly string[]): Promise<string> => {
    const { out } = await read(['usage', '--by', 'month', ...args])
    return [out.split('\n')[0], /^2026-\d\d /m.exec(out)?.[0].trim() ?? 'none'].join(': ')
  }
  assert.equal(await calls('--month', 'last'), 'Usage in October 2026 (UTC): 2026-10')
  assert.equal(await calls(), 'Usage in November 2026 so far (UTC): none')
  Object.assign(house.running, { timeZone: 'Europe/Berlin' })
  assert.equal(await calls(), 'Usage in November 2026 so far (Europe/Berlin): 2026-11')
  assert.equal(await calls('--month', '2026-11'), 'Usage in November 2026 (Europe/Berlin): 2026-11')
  assert.equal(await calls('--month', 'last', '--time-zone', 'UTC'), 'Usage in October 2026 (UTC): 2026-10')
  assert.equal(await calls('--to', '2026-11'), 'Usage in November 2026 (Europe/Berlin): 2026-11')
})

// The department's budget of a quarter and the report of it must be of the same days.
test('quarters and years begin with the fiscal year of the limits, unless another start is named', async t => {
  const { house, read } = await startReaders(t)
  Object.assign(house.running, { timeZone: 'Europe/Berlin', fiscalYearStart: '02-01' })
  const days = ['2026-07-31T21:59:59Z', '2026-07-31T22:00:00Z', '2026-10-31T22:59:59Z', '2026-10-31T23:00:00Z']
  for (const [at, day] of days.entries()) {
    const startedAtMs = Date.parse(day)
    await house.ledger.add(recordRow(recordId(at + 1), { startedAtMs, endedAtMs: startedAtMs + 400 }))
  }
  const report = async (...args: readonly string[]): Promise<string[]> => {
    const { out } = await read(['usage', '--by', 'month', ...args])
    return [out.split('\n')[0] ?? '', ...out.matchAll(/^2026-\d\d +\d+/gm).map(([line]) => line.replace(/ +/, ': '))]
  }
  assert.deepEqual(await report('--quarter', 'last'), [
    'Usage from 2026-08-01 00:00 to 2026-11-01 00:00 (Europe/Berlin)',
    '2026-08: 1',
    '2026-10: 1',
  ])
  assert.deepEqual((await report('--quarter', 'this')).slice(1), ['2026-11: 1'])
  assert.deepEqual((await report('--year', 'this')).slice(1), ['2026-07: 1', '2026-08: 1', '2026-10: 1', '2026-11: 1'])
  assert.deepEqual(await report('--quarter', 'last', '--fiscal-year-start', '01-01', '--time-zone', 'UTC'), [
    'Usage from 2026-07-01 00:00 to 2026-10-01 00:00 (UTC)',
    '2026-07: 2',
  ])
})

// While the gateway is down, the figures are on the disk all the same.
test('a ledger that no process has open answers usage and lists, and an open one says who has it', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  for (const workload of ['hr-bot', 'hr-bot', 'code-assistant']) {
    const id = newId()
    await ledger.journal.close(
      { ...closedOf(id), opened: openedOf(id, { workload, startedAtMs: Date.UTC(2026, 10, 20) }) },
      [],
    )
  }
  const offline = (...args: readonly string[]): Promise<Run> => run([...args, '--ledger', directory])
  const busy = await offline('usage')
  assert.equal(busy.code, 1)
  assert.match(
    busy.err,
    /^✗ ledger_in_use .*\n.* is already open in this process.*\n {2}Try: the same without --ledger/,
  )
  await ledger.close()
  const csv = await offline('usage', '--format', 'csv')
  assert.deepEqual([csv.code, csv.err], [0, ''])
  assert.match(csv.out, /^workload,calls,.*\n(hr-bot,2,.*\n|code-assistant,1,.*\n){2}$/)
  assert.match((await offline('usage', '--over', 'day')).out, /^total +3 /m)
  const quarter = ['usage', '--quarter', '2026-10'] as const
  assert.match(
    (await offline(...quarter)).out,
    /^Usage from 2026-10-01 00:00 to 2027-01-01 00:00 \(UTC\)\n[\s\S]*^total +3 /m,
  )
  const fiscal = await offline(...quarter, '--fiscal-year-start', '11-01')
  assert.match(fiscal.out, /^Usage from 2026-08-01 00:00 to 2026-11-01 00:00 \(UTC\)\n\nNo calls/)
  assert.equal(JSON.parse((await offline('records', 'list', '--format', 'json')).out).records.length, 3)
  // C8: an empty answer about a name that was mistyped would be a false all-clear.
  for (const command of [['usage'], ['records', 'list']]) {
    const { code, err } = await offline(...command, '--workload', 'hrbot')
    assert.equal(code, 1)
    assert.match(err, /^✗ name_unknown {2}No workload is called hrbot in the records .*\n {2}The nearest is hr-bot\./)
    assert.match((await offline(...command, '--caller', 'zoe')).err, /^✗ name_unknown {2}No caller is called zoe\./)
  }
})
