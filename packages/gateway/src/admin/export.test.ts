import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorIn, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'

const path = '/api/v1/records/export'

// A sum in a spreadsheet that lacks a page is a wrong invoice.
test('an export has every record that its filter selects, once, newest first, over many pages', async t => {
  const house = await startHouse(t)
  for (let n = 1; n <= 2_300; n += 1) {
    await house.ledger.add(recordRow(recordId(n), { workload: n % 23 === 0 ? 'code-assistant' : 'hr-bot' }))
  }
  const lines = await house.send(`${path}?format=jsonl&workload=hr-bot`, { as: 'bob' })
  assert.equal(lines.headers['content-type'], 'application/jsonl')
  const rows = lines.text.trimEnd().split('\n')
  const ids = rows.map(line => (JSON.parse(line) as { id: string }).id)
  const expected = Array.from({ length: 2_300 }, (_, at) => 2_300 - at).filter(n => n % 23 !== 0)
  assert.deepEqual(ids, expected.map(recordId))
  const { records } = (await house.send('/api/v1/records?limit=1', { as: 'bob' })).json as { records: unknown[] }
  const newest = await house.send(`${path}?format=jsonl&workload=code-assistant`, { as: 'bob' })
  assert.deepEqual(JSON.parse(newest.text.split('\n')[0] ?? ''), records[0])
})

// Callers choose their names: one that begins with an equals sign must not run in the auditor's spreadsheet.
test('CSV is a file of its own, and its texts run nowhere', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1), { callerName: '=HYPERLINK("http://evil.example")' }))
  const csv = await house.send(path, { as: 'bob' })
  assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8')
  assert.match(
    String(csv.headers['content-disposition']),
    /^attachment; filename="gatehouse-records-\d{8}T\d{6}Z\.csv"$/,
  )
  const [head = '', line = ''] = csv.text.split('\n')
  assert.match(head, /^id,started,ended,/)
  assert.ok(line.includes(`"'=HYPERLINK(""http://evil.example"")"`), line)
  const empty = await house.send(`${path}?workload=nobody`, { as: 'bob' })
  assert.deepEqual([empty.status, empty.text], [200, `${head}\n`])
  assert.equal((await house.send(path, { as: 'bob', method: 'HEAD' })).text, '')
})

test('a wrong question, and a ledger that cannot be read, are errors before the file begins', async t => {
  const house = await startHouse(t)
  const wrong = await house.send(`${path}?format=xlsx`, { as: 'bob' })
  assert.match(errorIn(wrong).message, /"format": expected one of csv, jsonl/)
  house.ledger.failure = new Error('away')
  assert.equal((await house.send(path, { as: 'bob' })).status, 500)
})
