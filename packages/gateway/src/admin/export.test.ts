import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { errorIn, type House, startHouse } from './house.fixture.ts'
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
  assert.match(errorIn(wrong).message, /"format": expected one of csv, jsonl, parquet/)
  house.ledger.failure = new Error('away')
  assert.equal((await house.send(path, { as: 'bob' })).status, 500)
})

const parquet = `${path}?format=parquet`

// A file that lacks its second half and looks whole is a wrong invoice.
test('a file whose ledger fails midway breaks off, and the log says why', async t => {
  const house = await startHouse(t)
  for (let n = 1; n <= 1_500; n += 1) await house.ledger.add(recordRow(recordId(n)))
  let lists = 0
  house.ledger.onList = () => {
    lists += 1
    if (lists % 2 === 0) throw new Error('the disk is gone')
  }
  for (const format of ['csv', 'jsonl']) {
    const answer = await get(house, `${path}?format=${format}`, 'bob')
    assert.equal(answer.status, 200)
    await assert.rejects(answer.text(), format)
  }
  const broken = house.logged.filter(({ event }) => event === 'admin_answer_broken')
  assert.deepEqual(
    broken.map(({ fields }) => String(fields['error'])),
    ['Error: the disk is gone', 'Error: the disk is gone'],
  )
})

async function get(house: House, address: string, as: string, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${house.admin.url}${address}`, {
    headers: { authorization: `Bearer ${await house.token(as)}` },
    signal,
  })
}

/** What DuckDB reads from a file. */
async function rowsOf(file: Buffer, sql: string): Promise<readonly (readonly unknown[])[]> {
  const name = join(temporaryDirectory('export'), 'records.parquet')
  writeFileSync(name, file)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const found = await connection.runAndReadAll(sql.replace('FILE', `'${name}'`))
  connection.closeSync()
  instance.closeSync()
  return found.getRows()
}

// A notebook reads what the console exports: the sums there must be those of the ledger.
test('Parquet has every record that its filter selects, over many pages, and leaves nothing on the disk', async t => {
  const scratch = join(temporaryDirectory('scratch'), 'exports')
  mkdirSync(join(scratch, 'left by a process that was killed'), { recursive: true })
  const house = await startHouse(t, { scratch })
  assert.equal(existsSync(scratch), false)
  for (let n = 1; n <= 2_300; n += 1) {
    await house.ledger.add(recordRow(recordId(n), { workload: n % 23 === 0 ? 'code-assistant' : 'hr-bot' }))
  }
  const answer = await get(house, `${parquet}&workload=hr-bot`, 'bob')
  assert.equal(answer.headers.get('content-type'), 'application/vnd.apache.parquet')
  assert.match(String(answer.headers.get('content-disposition')), /\.parquet"$/)
  const file = Buffer.from(await answer.arrayBuffer())
  const [sums] = await rowsOf(
    file,
    'SELECT count(*)::INT, count(DISTINCT id)::INT, sum(totalTokens)::INT, sum(costNano)::DOUBLE, any_value(workload) FROM FILE',
  )
  assert.deepEqual(sums, [2_200, 2_200, 2_200 * 1_234, 2_200 * 3_340_000, 'hr-bot'])
  const empty = await get(house, `${parquet}&workload=nobody`, 'bob')
  assert.deepEqual(await rowsOf(Buffer.from(await empty.arrayBuffer()), 'SELECT count(*)::INT FROM FILE'), [[0]])
  await eventually('its files are gone', () => (readdirSync(scratch).length === 0 ? true : null))
})

// Each file that is being made takes memory and disk of the process that serves the calls.
test('one Parquet file is made for a reader at a time, and one whose reader leaves is given up', async t => {
  const scratch = join(temporaryDirectory('scratch'), 'exports')
  const house = await startHouse(t, { scratch })
  for (let n = 1; n <= 1_001; n += 1) await house.ledger.add(recordRow(recordId(n)))
  const gate = Promise.withResolvers<void>()
  let lists = 0
  house.ledger.onList = () => {
    lists += 1
    return lists === 2 ? gate.promise : undefined
  }
  const leaving = new AbortController()
  const first = await get(house, parquet, 'bob', leaving.signal)
  assert.equal(first.status, 200)
  await eventually('the second page', () => (lists === 2 ? true : null))
  const second = await house.send(parquet, { as: 'bob' })
  assert.deepEqual([second.status, errorIn(second).code], [429, 'exports_exhausted'])
  leaving.abort()
  await assert.rejects(first.arrayBuffer())
  gate.resolve()
  await eventually('its files are gone', () => (readdirSync(scratch).length === 0 ? true : null))
  const again = await eventually('a place', async () => {
    const answer = await get(house, parquet, 'bob')
    if (answer.status === 200) return answer
    await answer.text()
    return null
  })
  assert.ok((await again.arrayBuffer()).byteLength > 1_000)
})
