import assert from 'node:assert/strict'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../../test/support/directory.ts'
import { Hours } from './hour.ts'

// The feed looks whether its directory is there before it writes a file. The disk may go away in between.
test('a directory that goes away while a file is written is not made again around it', async () => {
  const disk = join(temporaryDirectory('ledger'), 'disk')
  const directory = join(disk, 'archive')
  mkdirSync(directory, { recursive: true })
  const temporary = join(directory, '.lines.tmp')
  writeFileSync(temporary, '{}\n')
  renameSync(disk, `${disk}-away`)
  const hours = new Hours(directory, 'lines', async () => 1)
  const file = { temporary, hour: join('day=2026-11-26', 'hour=14'), name: 'lines-1.jsonl' }
  const facts = { records: 1, bytes: 3, firstEndedAtMs: 1, lastEndedAtMs: 1 }
  await assert.rejects(hours.publish({ ...file, ...facts }), { code: 'ENOENT' })
  assert.ok(!existsSync(disk))
})
