import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { OffsetFile } from './offsets.ts'

const everything = (): boolean => true

test('offsets survive a restart, and half a line of a crash is left out', async () => {
  const directory = temporaryDirectory('ledger')
  const path = join(directory, 'hub.offsets.jsonl')
  const first = new OffsetFile(directory, 'hub', everything)
  assert.deepEqual(first.offsets, new Map())
  await first.save(new Map([['0', '5']]))
  await first.save(
    new Map([
      ['0', '7'],
      ['a/day=1 "x"', 'whole'],
    ]),
  )
  await first.close()
  appendFileSync(path, '["0","9')
  const second = new OffsetFile(directory, 'hub', everything)
  const expected = new Map([
    ['0', '7'],
    ['a/day=1 "x"', 'whole'],
  ])
  assert.deepEqual(second.offsets, expected)
  // What a failed write leaves ends with the next line break.
  appendFileSync(path, '["1","')
  await second.save(new Map([['1', '3']]))
  await second.close()
  assert.deepEqual(new OffsetFile(directory, 'hub', everything).offsets, new Map([...expected, ['1', '3']]))
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('partitions that have ended leave the file, which stays small, and it can be forgotten', async () => {
  const directory = temporaryDirectory('ledger')
  const first = new OffsetFile(directory, 'hub', everything)
  for (let offset = 0; offset < 30; offset += 1) {
    await first.save(new Map(Array.from({ length: 1_000 }, (_, at) => [String(at), String(offset)])))
  }
  await first.close()
  const lines = readFileSync(join(directory, 'hub.offsets.jsonl'), 'utf8').split('\n').length
  assert.ok(lines < 15_000, `${lines} lines`)
  const second = new OffsetFile(directory, 'hub', partition => partition === '7')
  assert.deepEqual(second.offsets, new Map([['7', '29']]))
  second.forget()
  assert.deepEqual(second.offsets, new Map())
  assert.deepEqual(new OffsetFile(directory, 'hub', everything).offsets, new Map())
})
