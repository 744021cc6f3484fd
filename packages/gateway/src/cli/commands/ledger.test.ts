import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { exampleText } from '../../config/example.ts'
import { bytes, closedOf, newId, openedOf, testLedger } from '../../ledger/exchange.fixture.ts'
import { run } from '../run.fixture.ts'

async function stoppedLedger(t: TestContext): Promise<string> {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  for (const workload of ['hr-bot', 'hr-bot', 'code-assistant']) {
    const id = newId()
    await ledger.journal.open(openedOf(id, { workload }), [bytes('Grüße, 株式会社')])
    await ledger.journal.close(closedOf(id), [Buffer.from([0, 255, 1])])
  }
  await ledger.close()
  return directory
}

interface ExportedLine {
  readonly id: string
  readonly workload: string
  readonly requestBody?: string
  readonly responseBody?: string
  readonly responseBodyEncoding?: string
}
const linesOf = (path: string): ExportedLine[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as ExportedLine)

async function parquetOf(path: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const found = await connection.runAndReadAll(`SELECT id, workload, requestBody FROM '${path}' ORDER BY id`)
  connection.closeSync()
  instance.closeSync()
  return found.getRows()
}

test('ledger check says what was checked, and fails when there is a fault', async t => {
  const directory = await stoppedLedger(t)
  const good = await run(['ledger', 'check', '--directory', directory])
  assert.deepEqual([good.code, good.err], [0, ''])
  assert.match(good.out, /^✓ +records +3 records, 3 records of the journal +0$/m)
  writeFileSync(join(directory, 'ledger.duckdb'), 'no database')
  const bad = await run(['ledger', 'check', '--directory', directory])
  assert.equal(bad.code, 1)
  assert.match(bad.out, /^✗ records: The store .* cannot be read/m)
  assert.match(bad.err, /^✗ ledger_faulty {2}.*\n.*\n {2}Try: gatehouse ledger rebuild$/m)
  assert.equal((await run(['ledger', 'rebuild', '--directory', directory])).code, 1)
  const rebuilt = await run(['ledger', 'rebuild', '--directory', directory, '--without-old'])
  assert.deepEqual([rebuilt.code, rebuilt.err], [0, ''])
  assert.match(rebuilt.out, /3 records from the journal, 0 from the store as it was/)
  assert.equal((await run(['ledger', 'check', '--directory', directory])).code, 0)
})

test('ledger check finds the ledger that a configuration names', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, join(directory, 'ledger'))
  await ledger.close()
  writeFileSync(join(directory, 'gatehouse.yaml'), await exampleText())
  const { code, out, err } = await run(['ledger', 'check', '--config', join(directory, 'gatehouse.yaml')])
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^✓ +records +0 records, 0 records of the journal +0$/m)
})

test('ledger check of a place without a ledger says so', async () => {
  const directory = temporaryDirectory('ledger')
  const { code, err } = await run(['ledger', 'check', '--directory', directory])
  assert.equal(code, 1)
  assert.match(err, /^✗ ledger_directory .*\n.*neither a journal nor a store/)
})

// What leaves the house must be what was recorded, in a form that other tools read.
test('ledger export writes the records of a stopped ledger that match, with bodies where asked', async t => {
  const directory = await stoppedLedger(t)
  const to = (name: string): string => join(directory, name)
  const place = ['--directory', directory]
  const lines = await run(['ledger', 'export', ...place, '--out', to('all.jsonl'), '--bodies'])
  assert.deepEqual([lines.code, lines.err], [0, ''])
  assert.equal(lines.out, `✓ 3 records are in ${to('all.jsonl')}.\n`)
  const all = linesOf(to('all.jsonl'))
  // Ids of one millisecond are in no order.
  assert.deepEqual(
    all
      .map(({ workload, requestBody, responseBody, responseBodyEncoding: encoding }) => [
        workload,
        requestBody,
        responseBody,
        encoding,
      ])
      .toSorted(),
    ['code-assistant', 'hr-bot', 'hr-bot'].map(workload => [workload, 'Grüße, 株式会社', 'AP8B', 'base64']),
  )
  await run(['ledger', 'export', ...place, '--out', to('some.jsonl'), '--workload', 'hr-bot'])
  assert.deepEqual(
    linesOf(to('some.jsonl')).map(({ workload, requestBody }) => [workload, requestBody]),
    [
      ['hr-bot', undefined],
      ['hr-bot', undefined],
    ],
  )
  assert.equal((await run(['ledger', 'export', ...place, '--out', to('all.parquet'), '--bodies'])).code, 0)
  assert.deepEqual(
    await parquetOf(to('all.parquet')),
    all
      .map(({ id, workload, requestBody }) => [id, workload, requestBody])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  )
  assert.equal((await run(['ledger', 'export', ...place, '--out', to('all.csv')])).code, 0)
  assert.equal(readFileSync(to('all.csv'), 'utf8').trim().split('\n').length, 4)
  const left = readdirSync(directory).filter(name => name.startsWith('.'))
  assert.deepEqual(left, [])
})

// A bad sector must not keep an auditor from all other records.
test('ledger export leaves out damaged bodies and says so', async t => {
  const directory = await stoppedLedger(t)
  const path = join(directory, 'journal', '0000000001.seg')
  const segment = readFileSync(path)
  const at = segment.indexOf('株')
  segment.writeUInt8(segment.readUInt8(at) ^ 1, at)
  writeFileSync(path, segment)
  const out = join(directory, 'all.jsonl')
  const exported = await run(['ledger', 'export', '--directory', directory, '--out', out, '--bodies'])
  assert.equal(exported.code, 0)
  assert.match(exported.out, /^! 1 of them are without their bodies, which are damaged\.$/m)
  const kept = linesOf(out).map(({ requestBody }) => requestBody)
  assert.equal(kept.filter(body => body === 'Grüße, 株式会社').length, 2)
})

test('ledger export refuses what it cannot write, and leaves no file', async t => {
  const directory = await stoppedLedger(t)
  const out = join(directory, 'all.txt')
  const unnamed = await run(['ledger', 'export', '--directory', directory, '--out', out])
  assert.deepEqual([unnamed.code, existsSync(out)], [2, false])
  assert.match(unnamed.err, /--format jsonl, parquet or csv/)
  const bodies = await run(['ledger', 'export', '--directory', directory, '--out', 'x.csv', '--bodies'])
  assert.equal(bodies.code, 2)
  const nowhere = join(directory, 'missing', 'all.jsonl')
  const missing = await run(['ledger', 'export', '--directory', directory, '--out', nowhere])
  assert.equal(missing.code, 1)
  assert.match(missing.err, /^✗ file_unwritable .*\n {2}Its directory does not exist\.$/m)
})

// A gateway in use is asked, so its roles and its audit hold for exports too.
test('ledger export reads a running gateway through its management API, and bodies only as an auditor', async t => {
  const house = await startHouse(t)
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  const asked = { admin: house.admin.url, token }
  for (let n = 1; n <= 3; n++) {
    await house.ledger.add(recordRow(recordId(n)), { request: bytes(`question ${n}`), response: bytes('answer') })
  }
  const directory = temporaryDirectory('ledger')
  const out = join(directory, 'all.jsonl')
  const exported = await run(['ledger', 'export', '--out', out, '--bodies', '--reason', 'a test'], asked)
  assert.deepEqual([exported.code, exported.err], [0, ''])
  assert.deepEqual(
    linesOf(out).map(({ id, requestBody }) => [id, requestBody]),
    [3, 2, 1].map(n => [recordId(n), `question ${n}`]),
  )
  const refused = await run(['ledger', 'export', '--out', join(directory, 'b.jsonl'), '--bodies', '--as', 'bob'], asked)
  assert.equal(refused.code, 1)
  assert.ok(!existsSync(join(directory, 'b.jsonl')))
})
