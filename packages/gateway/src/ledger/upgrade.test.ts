import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { crc32, gunzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { noUsage } from '../wire/usage.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger, textOf } from './exchange.fixture.ts'
import { LedgerError } from './index.ts'
import { formatVersion } from './journal/fields.ts'
import { at, frameHeadBytes } from './journal/frame.ts'
import { preambleBytes, segmentPath } from './journal/segments.ts'

/**
 * Ledgers that earlier versions wrote: a completed exchange, a refused one, one with two attempts, one that its process
 * left open. Format 1 has no costs, reservations, copies and objects; format 2 has no tiers, further deployments and
 * summed calls; format 5 has no words of refusals, and its process was started again before it left the call open.
 */
const unpacked = (format: number, name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`./format-${format}.fixture/${name}`, import.meta.url)))
const idOf = (number: number): string => `0199c0de-0000-7000-8000-${String(number).padStart(12, '0')}`

function oldLedger(format: number, withStore: boolean): string {
  const directory = temporaryDirectory('ledger')
  mkdirSync(join(directory, 'journal'), { recursive: true })
  for (const number of segmentsOf[format] ?? [1]) {
    const path = segmentPath(join(directory, 'journal'), number)
    writeFileSync(path, unpacked(format, `${basename(path)}.gz`))
  }
  if (withStore) writeFileSync(join(directory, 'ledger.duckdb'), unpacked(format, 'ledger.duckdb.gz'))
  return directory
}

const segmentsOf: Readonly<Record<number, readonly number[]>> = { 5: [1, 2] }

/** Fields that format 1 does not have. */
const unknownToFormat1 = {
  cost: null,
  reservedTokens: null,
  waitedMs: null,
  objectId: null,
  servedDeployment: null,
  spilledFrom: null,
}
/** Values of the fixture of format 2 that differ from `closedOf`. */
const knownToFormat2 = { waitedMs: 12.5, objectId: 'resp_1', servedDeployment: 'gpt-4o-eu', spilledFrom: 'gpt-4o' }
const knownToFormat5 = {
  ...knownToFormat2,
  serviceTier: 'priority',
  ...{ replica: 'gateway-1', traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentSpanId: '00f067aa0ba902b7' },
}

// After an update, last month's figures and prompts must be as they were: from the store and, if that is lost, from the
// journal.
for (const [format, withStore, known, costs] of [
  // The call that its process left open is charged at a bound, here without a price.
  [1, true, unknownToFormat1, [5, 3, 1, 75_000]],
  [1, false, unknownToFormat1, [5, 3, 1, 75_000]],
  [2, true, knownToFormat2, [5, 1, 2, 225_000]],
  [2, false, knownToFormat2, [5, 1, 2, 225_000]],
  [5, true, knownToFormat5, [5, 1, 2, 225_000]],
  [5, false, knownToFormat5, [5, 1, 2, 225_000]],
] as const) {
  const name = withStore ? 'a store and a journal' : 'a journal alone'
  test(`P1 ${name} of format ${format} are read in full and continue`, async t => {
    const directory = oldLedger(format, withStore)
    const log = keptLog()
    const ledger = await testLedger(t, directory, { log })
    assert.deepEqual(await ledger.row(idOf(1)), {
      ...openedOf(idOf(1)),
      ...closedOf(idOf(1)),
      ...known,
      durationMs: 900,
      timeToFirstByteMs: 250,
    })
    const refused = await ledger.row(idOf(2))
    assert.deepEqual(
      [refused?.callerName, refused?.outcomeCode, refused?.message, refused?.usage],
      ['Zoë 株式会社', 'caller_not_bound', null, noUsage],
    )
    assert.deepEqual((await ledger.row(idOf(3)))?.attempts, [
      { instance: 'west', status: 429, durationMs: 3, error: null },
      { instance: 'east', status: 200, durationMs: 9, error: null },
    ])
    const open = await ledger.row(idOf(4))
    assert.deepEqual([open?.outcome, open?.callerName, open?.copyKind], ['interrupted', 'Alice Example', null])
    for (const [number, answer] of [
      [1, 'answer 1'],
      [2, ''],
      [3, 'answer 3'],
      [4, 'half an ans'],
    ] as const) {
      const bodies = await ledger.bodies(idOf(number))
      assert.deepEqual([textOf(bodies?.request), textOf(bodies?.response)], [`question ${number}`, answer])
    }

    const id = newId()
    const copy = { copyOf: idOf(1), copyKind: 'shadow' } as const
    const learned = { ...knownToFormat2, serviceTier: 'priority', summedCalls: 3, message: 'Ask “x” — 株' }
    const named = { toolDeployments: ['gpt-image-1', 'text-embedding-3-small'] }
    await ledger.journal.open(openedOf(id, { ...copy, ...named }), [bytes('new question')])
    await ledger.journal.close(closedOf(id, learned), [bytes('new answer')])
    const row = await ledger.row(id)
    assert.deepEqual(row, { ...row, ...copy, ...learned, ...named, cost: closedOf(id).cost, reservedTokens: 900 })
    const { total } = await ledger.usage({ by: ['workload', 'replica'] })
    const [records, unpriced, copies, nano] = costs
    // The newest record is the sum of three calls.
    assert.deepEqual([total.calls, total.unpricedCalls, total.copies], [records + 2, unpriced, copies])
    assert.deepEqual(total.costs, [{ nano, currency: 'USD' }])
    assert.deepEqual(
      log.lines.filter(({ level }) => level === 'error'),
      [],
    )
    await ledger.close()
    await assertViewShows(directory, id)
  })
}

/** People read the store with SQL. The view must also show what the new version added. */
async function assertViewShows(directory: string, id: string): Promise<void> {
  const instance = await DuckDBInstance.create(join(directory, 'ledger.duckdb'), { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  const result = await connection.runAndReadAll(
    `SELECT workload, price, currency, copy_kind, served_deployment, service_tier, message FROM exchanges WHERE id = '${id}'::UUID`,
  )
  assert.deepEqual(result.getRows(), [
    ['hr-bot', 'gpt-4o-2024-08-06 2024-10-01', 'USD', 'shadow', 'gpt-4o-eu', 'priority', 'Ask “x” — 株'],
  ])
  connection.closeSync()
  instance.closeSync()
}

/** Changes the head of the first entry of a journal without a store, as a later version would have written it. */
async function laterJournal(t: TestContext, change: (entry: Buffer) => void): Promise<string> {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  await ledger.journal.open(openedOf(newId()), [])
  await ledger.journal.open(openedOf(newId()), [])
  await ledger.close()
  rmSync(join(directory, 'ledger.duckdb'))
  const path = segmentPath(join(directory, 'journal'), 1)
  const segment = readFileSync(path)
  const entry = segment.subarray(preambleBytes)
  change(entry)
  const metaEnd = frameHeadBytes + entry.readUInt32LE(at.metaBytes)
  entry.writeUInt32LE(crc32(entry.subarray(at.bodyCrc, metaEnd)), at.headCrc)
  writeFileSync(path, segment)
  return directory
}

async function assertRefused(t: TestContext, directory: string, message: string): Promise<void> {
  const log = keptLog()
  await assert.rejects(testLedger(t, directory, { log }), (error: unknown) => {
    assert.ok(error instanceof LedgerError)
    assert.equal(error.code, 'ledger_directory')
    assert.ok(error.message.includes(`${message}. Run that version`), error.message)
    return true
  })
  assert.deepEqual(log.lines, [], 'nothing is reported as damage')
}

// A gateway that is set back to an older version must neither misread what it does not understand nor leave it out.
test('a journal in a later format is refused and the message names both formats', async t => {
  const directory = await laterJournal(t, entry => entry.writeUInt16LE(formatVersion + 1, at.version))
  await assertRefused(t, directory, `newer version (format ${formatVersion + 1}, this one knows ${formatVersion})`)
})

// Taken for damage, the entries of a later version would be skipped and the records that they complete would be wrong.
test('an entry of a kind that only a later version knows is refused, not counted as damage', async t => {
  const directory = await laterJournal(t, entry => {
    entry.writeUInt8(5, at.kind)
    entry.writeUInt16LE(formatVersion + 1, at.version)
  })
  await assertRefused(
    t,
    directory,
    `newer version (it has entries of kind 5 in format ${formatVersion + 1}; this one knows kinds up to 4 and format ${formatVersion})`,
  )
})
