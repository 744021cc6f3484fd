import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { testLedger } from './exchange.fixture.ts'

// The plan of an erasure has the name of the person, and an archive has whole records: an erasure would miss them.
test('files that a killed process left unfinished are removed at the next start, and no others', async t => {
  const directory = temporaryDirectory('ledger')
  await (await testLedger(t, directory, {})).close()
  const write = (name: string): string => {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'alice@contoso.example')
    return path
  }
  const left = [
    'holds.json.new',
    'erasures/019b8b74.plan.json.new',
    'archive/day=2026-01-01/a.parquet.new',
    'cursors/hub.new',
  ].map(write)
  const kept = write('notes/mine.new')
  await (await testLedger(t, directory, {})).close()
  assert.deepEqual(left.filter(existsSync), [])
  assert.ok(existsSync(kept))
})
