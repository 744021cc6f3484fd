import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { run } from '../run.fixture.ts'

test('query prints a table, JSON and CSV, and says where a mistake is', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1), { callerName: '=1+1' }))
  await house.ledger.add(recordRow(recordId(2), { callerName: 'bob' }))
  const token = (): Promise<string> => house.token('bob')
  const query = (args: readonly string[], input?: string) =>
    run(['query', ...args], { admin: house.admin.url, token, ...(input === undefined ? {} : { input }) })
  const sql = 'SELECT caller_name, -1.5::DECIMAL(9,3) AS cost, count(*) AS calls FROM records GROUP BY ALL ORDER BY ALL'

  const table = await query([sql])
  assert.deepEqual([table.code, table.err], [0, ''])
  assert.match(table.out, /^caller_name +cost +calls\n─+\n=1\+1 +-1\.500 +1\nbob +-1\.500 +1\n$/)

  const csv = await query(['-', '--format', 'csv', '--rows', '1'], sql)
  assert.equal(csv.out, "caller_name,cost,calls\n'=1+1,-1.500,1\n")
  assert.match(csv.err, /more than 1 rows/)

  const json = await query([sql, '--format', 'json'])
  assert.deepEqual((JSON.parse(json.out) as { rows: unknown }).rows, [
    ['=1+1', '-1.500', 1],
    ['bob', '-1.500', 1],
  ])

  const mistake = await query(['SELECT\n nope FROM records'])
  assert.equal(mistake.code, 1)
  assert.match(
    mistake.err,
    /^✗ query_failed {2}Binder error: .*"nope" not found[\s\S]*Line 2, column 2\.[\s\S]*Try: gatehouse query --schema/,
  )

  const schema = await query(['--schema', '--format', 'csv'])
  assert.match(schema.out, /\nrecords,cost,"DECIMAL\(38,9\)",/)
})

test('query without SQL says what is missing', async () => {
  for (const input of [undefined, ' ', 'x'.repeat(20_001)]) {
    const { code, err } = await run(['query'], {
      admin: 'http://127.0.0.1:1',
      ...(input === undefined ? {} : { input }),
    })
    assert.equal(code, 2)
    assert.match(err, /^✗ usage[\s\S]*Try: gatehouse query/)
  }
})
