/** Names in the store, whatever clients with and without a token write into their calls. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { noUsage } from '../../wire/usage.ts'
import { closedOf, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import type { Ledger } from '../index.ts'
import type { Closed, Opened } from '../record.ts'
import { recordColumns } from './schema.ts'

/** Writes a whole exchange in one entry, as for a call that never reached an instance. */
function write(ledger: Ledger, opened: Partial<Opened>, closed: Partial<Closed> = {}): Promise<void> {
  const id = newId()
  return ledger.journal.close({ ...closedOf(id, closed), opened: openedOf(id, opened) }, [])
}

const stranger: Partial<Opened> = {
  callerKind: null,
  callerTenantId: null,
  callerObjectId: null,
  callerAppId: null,
  callerName: null,
  instance: null,
  region: null,
}
const refused: Partial<Closed> = {
  outcome: 'refused',
  outcomeCode: 'token_missing',
  status: 401,
  instance: null,
  region: null,
  servedModel: null,
  attempts: [],
}

const callsBy = async (ledger: Ledger, by: 'workload' | 'deployment' | 'model'): Promise<Record<string, number>> =>
  Object.fromEntries((await ledger.usage({ by: [by] })).lines.map(({ keys, calls }) => [String(keys[0]), calls]))

// Three hundred addresses without a token filled a dictionary: workloads configured later were in no report and in no
// budget.
test('H1 names that unauthenticated clients write into addresses take no room and are in no report', async t => {
  const directory = temporaryDirectory('ledger')
  const names = { workload: ['hr-bot'], deployment: ['gpt-4o'] }
  const ledger = await testLedger(t, directory, { names })
  for (let n = 0; n < 300; n++) {
    const long = `${n}`.padEnd(7_900 - n, 'x')
    await write(
      ledger,
      { ...stranger, workload: `w${n}`, target: `t${n}`, deployment: long, apiVersion: long },
      refused,
    )
  }
  await write(ledger, { ...stranger, workload: 'hr-bot', target: null, deployment: null }, refused)
  await write(ledger, {})
  assert.deepEqual(await callsBy(ledger, 'workload'), { null: 300, 'hr-bot': 2 })
  assert.deepEqual(await callsBy(ledger, 'deployment'), { null: 301, 'gpt-4o': 1 })
  const { records } = await ledger.list({ limit: 302 })
  const shown = records.find(({ workload }) => workload === 'w7')
  assert.equal(shown?.deployment, '7'.padEnd(256, 'x'), 'its row has the beginning of the name')
  assert.equal((await ledger.list({ workload: 'w7' })).records.length, 0)
})

// After seventy calls with a `model` of 65,000 characters, no new model got a number.
test('H1 models that clients write freely leave room for the models that instances name', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  const closing: Promise<void>[] = []
  for (let n = 0; n < 11_000; n++) {
    closing.push(write(ledger, { requestedModel: `${n}`.padEnd(200, 'm'), deployment: 'd' }, { servedModel: null }))
  }
  for (let n = 0; n < 40; n++)
    closing.push(write(ledger, { requestedModel: `${n}`.padEnd(65_000, 'm') }, { servedModel: null }))
  await Promise.all(closing)
  await write(ledger, { requestedModel: 'mine' }, { servedModel: 'gpt-5-2026-11-01' })
  await write(ledger, { requestedModel: 'too-late' }, { servedModel: null })
  const by = await callsBy(ledger, 'model')
  assert.equal(by['gpt-5-2026-11-01'], 1)
  assert.equal(by['null'], undefined, 'no call is reported as one without a model')
  assert.ok((by['(other)'] ?? 0) > 5_000)
  assert.equal(
    Object.values(by).reduce((sum, calls) => sum + calls, 0),
    11_042,
  )
  const { records } = await ledger.list({ limit: 1_000 })
  assert.ok(records.some(({ requestedModel }) => requestedModel === 'too-late'))
})

// Without a number, a workload's budgets began again at each restart, and its files had no owner.
test('H1 configured names get a number in a full dictionary, also in earlier records', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const closing: Promise<void>[] = []
  for (let n = 0; n < 18_000; n++)
    closing.push(write(first, { workload: `w${n}`, deployment: `d${n}` }, { usage: noUsage, cost: null }))
  await Promise.all(closing)
  await write(first, { workload: 'new-bot', deployment: 'new-model' }, { objectId: 'file-1' })
  const quoted = '"workload":"new-bot"'
  await write(first, { workload: quoted, deployment: quoted }, { usage: noUsage, cost: null })
  assert.equal((await callsBy(first, 'workload'))['new-bot'], undefined)
  assert.equal((await callsBy(first, 'workload'))['(other)'], 2)
  await first.close()

  const names = { workload: ['new-bot'], deployment: ['new-model'] }
  const second = await testLedger(t, directory, { names })
  await write(second, { workload: 'new-bot', deployment: 'new-model' }, { objectId: 'file-2' })
  assert.equal((await callsBy(second, 'workload'))['new-bot'], 2)
  assert.equal((await callsBy(second, 'workload'))['(other)'], 1)
  assert.equal((await callsBy(second, 'deployment'))['new-model'], 2)
  const spent = (await second.spent(0, 2_000_000_000_000)).filter(({ workload }) => workload === 'new-bot')
  assert.deepEqual(
    spent.map(({ deployment, calls, promptTokens }) => [deployment, calls, promptTokens]),
    [['new-model', 2, 20]],
  )
  const owners = await second.creatorsOf(['file-1', 'file-2'])
  assert.deepEqual(
    [...owners.values()].map(({ workload }) => workload),
    ['new-bot', 'new-bot'],
  )

  // A workload that a reload adds.
  second.keepNames({ workload: ['later-bot'] })
  await write(second, { workload: 'later-bot' })
  assert.equal((await callsBy(second, 'workload'))['later-bot'], 1)
  await second.close()
  const third = await testLedger(t, directory)
  assert.equal((await callsBy(third, 'workload'))['later-bot'], 1)
})

// Ledgers that already have such names must not keep them for ever.
test('H1 an upgrade removes names that unauthenticated clients wrote, and keeps the names of calls that were served', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  await write(first, {})
  await write(first, { ...stranger, workload: null, deployment: null }, refused)
  await write(first, { ...stranger }, refused)
  await write(first, { workload: null, target: null }, { ...refused, outcomeCode: 'workload_unknown', status: 404 })
  await write(first, {}, { ...refused, outcomeCode: 'deployment_not_allowed', status: 403 })
  await first.close()
  const instance = await DuckDBInstance.create(join(directory, 'ledger.duckdb'))
  const connection = await instance.connect()
  await connection.run(`INSERT INTO names VALUES ('workload', 77, 'invented'), ('deployment', 78, 'made up')`)
  await connection.run('UPDATE records SET workload = 77, deployment = 78 WHERE workload = 0')
  await connection.run('DROP VIEW exchanges')
  for (const { name } of recordColumns.filter(({ since }) => since > 3))
    await connection.run(`ALTER TABLE records DROP COLUMN ${name}`)
  await connection.run('CREATE VIEW exchanges AS FROM records')
  await connection.run('DROP TABLE rollups')
  await connection.run('DROP TABLE rollup_definition')
  await connection.run('DROP TABLE archives')
  await connection.run('DROP TABLE archived_objects')
  await connection.run('DELETE FROM schema_version WHERE version > 3')
  await connection.run('INSERT INTO schema_version SELECT 3 WHERE NOT EXISTS (FROM schema_version)')
  connection.closeSync()
  instance.closeSync()

  const second = await testLedger(t, directory)
  assert.deepEqual(await callsBy(second, 'workload'), { null: 2, 'hr-bot': 3 })
  assert.deepEqual(await callsBy(second, 'deployment'), { null: 2, 'gpt-4o': 3 })
  await write(second, { workload: 'invented', deployment: 'made up' })
  assert.equal((await callsBy(second, 'workload'))['invented'], 1)
})
