import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { bytes, closedOf, dayMs, keptLog, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { holdInAnotherProcess } from '../holder.fixture.ts'
import { LedgerError } from '../index.ts'
import { CursorFile } from '../journal/cursor-file.ts'
import { positionAt } from '../journal/position.ts'
import { segmentPath } from '../journal/segments.ts'
import { checkLedger } from './check.ts'
import type { CheckedPart } from './index.ts'
import { rebuildLedger } from './rebuild.ts'

/** A ledger of 40 records in several segments, closed. */
async function stoppedLedger(t: TestContext): Promise<{ readonly directory: string; readonly ids: readonly string[] }> {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, { journal: { segmentBytesMax: 8_000 } })
  const ids = Array.from({ length: 40 }, newId)
  for (const [at, id] of ids.entries()) {
    await ledger.journal.open(openedOf(id, { workload: `workload-${at % 3}` }), [bytes(`question ${id}`)])
    if (at % 5 === 0) await ledger.journal.progress(id, 'response', [bytes('first half, ')])
    await ledger.journal.close(closedOf(id), [bytes(`answer ${id}`)])
  }
  await ledger.close()
  return { directory, ids }
}

const faultsOf = (parts: readonly CheckedPart[]): Record<string, readonly string[]> =>
  Object.fromEntries(parts.flatMap(({ part, faults }) => (faults.length === 0 ? [] : [[part, faults]])))

async function changeStore(directory: string, ...statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(join(directory, 'ledger.duckdb'))
  const connection = await instance.connect()
  for (const statement of statements) await connection.run(statement)
  connection.closeSync()
  instance.closeSync()
}

const contentOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => `${entry.name} ${readFileSync(join(entry.parentPath, entry.name)).toString('hex')}`)
    .sort()

// An operator trusts the ledger because of it: it must neither cry wolf nor change what it looks at.
test('a check of a whole ledger finds no fault and changes nothing', async t => {
  const { directory } = await stoppedLedger(t)
  const before = contentOf(directory)
  const parts = await checkLedger(directory)
  assert.deepEqual(faultsOf(parts), {})
  assert.deepEqual(
    parts.map(({ part }) => part),
    ['segments', 'records', 'rollups', 'archives', 'cursors'],
  )
  assert.match(parts[0]?.checked ?? '', /^\d+ segments, 88 entries, /)
  assert.match(parts[1]?.checked ?? '', /^40 records, 40 records of the journal$/)
  assert.deepEqual(contentOf(directory), before)
})

// A backup of a gateway's first minutes is such a ledger, and so is what a kill leaves then.
test('a check finds no fault in a ledger that ended before its store was first written', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  const id = newId()
  await ledger.journal.open(openedOf(id), [])
  await ledger.journal.close(closedOf(id), [])
  const copy = join(temporaryDirectory('ledger'), 'ledger')
  cpSync(directory, copy, { recursive: true, filter: path => !path.endsWith('owner.json') })
  assert.deepEqual(faultsOf(await checkLedger(copy)), {})
})

// An upgrade that sums by one column more must not look like a damaged ledger.
test('sums that another version made are no fault, and the next start makes them anew', async t => {
  const { directory } = await stoppedLedger(t)
  await changeStore(
    directory,
    'ALTER TABLE rollups DROP COLUMN replica',
    "UPDATE rollup_definition SET definition = 'of another version'",
  )
  const parts = await checkLedger(directory)
  assert.deepEqual(faultsOf(parts), {})
  assert.match(parts.find(({ part }) => part === 'rollups')?.notes.join() ?? '', /^another version made the sums/)
  const ledger = await testLedger(t, directory)
  assert.equal((await ledger.usage({ by: ['replica'] })).total.calls, 40)
  await ledger.close()
  const [again] = (await checkLedger(directory)).filter(({ part }) => part === 'rollups')
  assert.deepEqual([again?.faults, again?.notes], [[], []])
})

// Each kind of fault has another remedy, so each must be told apart.
test('a check names what is damaged, missing, doubled and changed', async t => {
  const { directory, ids } = await stoppedLedger(t)
  const [missing = '', doubled = '', changed = ''] = ids
  await changeStore(
    directory,
    `INSERT INTO records SELECT * REPLACE (1000 AS sequence) FROM records WHERE id = '${doubled}'`,
    `DELETE FROM records WHERE id = '${missing}'`,
    `UPDATE records SET prompt_tokens = 11, workload = (SELECT workload FROM records WHERE id = '${ids[4]}') WHERE id = '${changed}'`,
    `INSERT INTO records SELECT * REPLACE (1001 AS sequence, '${newId()}'::UUID AS id) FROM records WHERE id = '${ids[7]}'`,
  )
  const path = segmentPath(join(directory, 'journal'), 1)
  const segment = readFileSync(path)
  const at = segment.indexOf(`answer ${ids[3]}`)
  assert.notEqual(at, -1)
  segment.writeUInt8(segment.readUInt8(at) ^ 1, at)
  writeFileSync(path, segment)
  const cursors = join(directory, 'cursors')
  const cursor = new CursorFile({
    directory: cursors,
    journal: join(directory, 'journal'),
    consumer: 'archive',
    log: keptLog(),
  })
  await cursor.save({ journal: 'journal', takenTo: positionAt(2, 100), readFrom: positionAt(2, 100) })

  const { segments, records, rollups, cursors: ofCursors } = faultsOf(await checkLedger(directory))
  assert.match(segments?.join() ?? '', /^the body at \d+ of segment 1 is not as it was written$/)
  assert.match(records?.join() ?? '', new RegExp(`record ${missing} is in the journal and not in the store`))
  assert.match(records?.join() ?? '', new RegExp(`record ${doubled} is there more than once`))
  assert.match(
    records?.join() ?? '',
    new RegExp(`record ${changed} differs from the journal in workload, prompt_tokens`),
  )
  assert.match(records?.join() ?? '', /the journal no longer has its end/)
  assert.equal(records?.length, 4)
  assert.equal(rollups?.length, 1)
  assert.deepEqual(ofCursors, ['the cursor of archive lies within an entry'])
})

// Two processes that change one store would leave neither right.
test('a ledger that is in use is neither checked nor rebuilt, and its owner keeps it', async t => {
  const { directory } = await stoppedLedger(t)
  const { pid, release } = await holdInAnotherProcess(t, directory)
  const before = readFileSync(join(directory, 'owner.json'), 'utf8')
  const inUse = (error: unknown): boolean =>
    error instanceof LedgerError && error.code === 'ledger_in_use' && error.message.includes(String(pid))
  await assert.rejects(checkLedger(directory), inUse)
  await assert.rejects(rebuildLedger(directory, true), inUse)
  assert.equal(readFileSync(join(directory, 'owner.json'), 'utf8'), before)
  await release()
  assert.deepEqual(faultsOf(await checkLedger(directory)), {})

  const alone = temporaryDirectory('ledger')
  const journalAlone = await testLedger(t, alone, { store: 'none' })
  await assert.rejects(checkLedger(alone), { code: 'ledger_in_use' })
  await journalAlone.close()
  assert.deepEqual(faultsOf(await checkLedger(alone)), {})
  await assert.rejects(checkLedger(join(directory, 'nothing')), { code: 'ledger_directory' })
})

// A store that an operator distrusts is made anew; whatever only it still has must not be lost by that.
test('a rebuilt store has the records of the journal and those that only the old store had', async t => {
  const { directory, ids } = await stoppedLedger(t)
  rmSync(segmentPath(join(directory, 'journal'), 1))
  await changeStore(
    directory,
    'UPDATE records SET prompt_tokens = 99 WHERE opened_at > 8589934592',
    'DELETE FROM rollups',
  )
  const rebuilt = await rebuildLedger(directory, false)
  assert.equal(rebuilt.loaded + rebuilt.kept, 40)
  assert.ok(rebuilt.kept > 0 && rebuilt.loaded > 0)
  assert.deepEqual(faultsOf(await checkLedger(directory)), {})
  const ledger = await testLedger(t, directory)
  const { records } = await ledger.list({ limit: 100 })
  assert.deepEqual(
    records.map(({ id }) => id),
    ids.toSorted().reverse(),
  )
  assert.ok(records.every(({ usage }) => usage.promptTokens === 10))
  const { lines, total } = await ledger.usage({ by: ['workload'] })
  assert.deepEqual(
    lines.map(({ keys, calls }) => [keys[0], calls]),
    [
      ['workload-0', 14],
      ['workload-1', 13],
      ['workload-2', 13],
    ],
  )
  assert.equal(total.promptTokens, 400)
  await ledger.journal.close({ ...closedOf(newId()), opened: openedOf(newId()) }, [])
  assert.equal((await ledger.usage({ by: ['outcome'] })).total.calls, 41)
})

test('a store that cannot be read stops a rebuild unless it may be left out', async t => {
  const { directory } = await stoppedLedger(t)
  const path = join(directory, 'ledger.duckdb')
  writeFileSync(path, 'no database')
  const [, store] = await checkLedger(directory)
  assert.match(store?.faults.join() ?? '', /cannot be read/)
  await assert.rejects(rebuildLedger(directory, false), { code: 'ledger_corrupt' })
  assert.equal(readFileSync(path, 'utf8'), 'no database')
  assert.ok(!existsSync(join(directory, 'rebuild')))
  const rebuilt = await rebuildLedger(directory, true)
  assert.deepEqual([rebuilt.loaded, rebuilt.kept], [40, 0])
  assert.deepEqual(faultsOf(await checkLedger(directory)), {})
})

test('records that were deleted for their age are no fault', async t => {
  const directory = temporaryDirectory('ledger')
  let retain = async (): Promise<void> => {}
  const now = Date.UTC(2026, 0, 20)
  const ledger = await testLedger(t, directory, {
    clock: () => now,
    retain: { records: 10 * dayMs, bodies: 400 * dayMs },
    scheduler: (_, work) => {
      retain = work
      return () => {}
    },
  })
  for (const age of [12, 11, 3]) {
    const id = newId()
    await ledger.journal.close({ ...closedOf(id), opened: openedOf(id, { startedAtMs: now - age * dayMs }) }, [])
  }
  await retain()
  await ledger.close()
  const parts = await checkLedger(directory)
  assert.deepEqual(faultsOf(parts), {})
  assert.deepEqual(parts[1]?.notes, ['2 records of the journal were deleted for their age'])
})
