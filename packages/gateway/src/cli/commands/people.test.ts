import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

async function startReaders(t: TestContext) {
  const house = await startHouse(t)
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  const read = (args: readonly string[], options?: RunOptions): Promise<Run> =>
    run(args, { admin: house.admin.url, token, ...options })
  return { house, read }
}

const id = (digit: number): string => `0000000${digit}-0000-4000-8000-000000000000`

test('people are listed with what they used, narrowed by search and kind, and as CSV with exact costs', async t => {
  const { house, read } = await startReaders(t)
  await house.ledger.add(recordRow(recordId(1), { callerObjectId: id(1), callerName: 'ada@contoso.example' }))
  await house.ledger.add(recordRow(recordId(2), { callerObjectId: id(2), callerName: '\u001b[31mmallory' }))
  await house.ledger.add(
    recordRow(recordId(3), { callerKind: 'application', callerAppId: id(3), callerName: 'finder', cost: null }),
  )
  const all = await read(['people'])
  assert.equal(all.code, 0)
  assert.match(all.out, /ada@contoso\.example +person +hr-bot +1 +1,234 +0\.003340 USD +0 +0 +2026-11-20 09:30:00 +\?/)
  assert.match(all.out, /finder +application +hr-bot +1 +1,234 +\? /)
  assert.ok(!all.out.includes('\u001b'), 'a name cannot change the terminal')
  const found = await read(['people', '--search', 'FIND'])
  assert.doesNotMatch(found.out, /ada@/)
  const csv = (await read(['people', '--kind', 'user', '--order', 'name', '--format', 'csv'])).out.trim().split(/\r?\n/)
  assert.match(csv[0] ?? '', /^key,name,kind,workloads,calls,.*lastCall,roles,cost,currency$/)
  assert.ok(csv.some(line => line.includes('ada@contoso.example') && line.endsWith(',0.003340000,USD')))
  assert.equal(csv.length, 3)
  assert.match((await read(['people', '--from', '2020-01', '--to', '2020-01'])).out, /^No calls in this period/)
})

test('a workload says who may call, where it is reached, and what went wrong', async t => {
  const { house, read } = await startReaders(t)
  await house.ledger.add(
    recordRow(recordId(1), { outcome: 'refused', outcomeCode: 'token_limit_reached', status: 429 }),
  )
  const all = await read(['workloads'])
  assert.match(all.out, /hr-bot +may call +main +gpt-4o +user ca401000-/)
  const one = await read(['workloads', 'hr-bot'])
  assert.match(one.out, /reached at +https:\/\/gate\.example\/main\/hr-bot\n/)
  assert.match(one.out, /token_limit_reached +429 +1\n/)
  const json = JSON.parse((await read(['workloads', 'hr-bot', '--format', 'json'])).out) as { limits: object[] }
  assert.ok(json.limits.length > 0)
  const unknown = await read(['workloads', 'hrbot'])
  assert.match(unknown.err, /✗ workload_unknown .*There are: hr-bot, code-assistant\./)
})

test('about says which version runs, and what is wrong with its parts', async t => {
  const { read } = await startReaders(t)
  const { out, code } = await read(['about'])
  assert.equal(code, 0)
  assert.match(out, /^Gatehouse \d[^\n]*, Node\.js v\d/)
  assert.match(out, /✓ ledger\n/)
  assert.match(out, /✗ instances {2}\S.*\n {4}→ /)
  assert.match(out, /east-1 {2}0\.0\.0\n$/)
  assert.doesNotMatch((await read(['about', '--as', 'dave'])).out, /ledger/)
})
