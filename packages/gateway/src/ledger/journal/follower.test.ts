import assert from 'node:assert/strict'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { newId } from '../exchange.fixture.ts'
import { endOfFiles, Follower, startOfFiles } from './follower.ts'
import { at, frameKind } from './frame.ts'
import { ChunkPool, EntryGroup } from './group.ts'
import { readId } from './ids.ts'
import { positionAt } from './position.ts'
import type { Damage } from './scanner.ts'
import { encodePreamble, newMarker, preambleBytes, segmentPath } from './segments.ts'

/**
 * Writes a segment with these entries, which says how much of the previous one is valid.
 * @returns where each entry ends.
 */
function writeSegment(directory: string, number: number, ids: readonly string[], previousBytes: number): number[] {
  const marker = newMarker()
  const group = new EntryGroup(new ChunkPool(), marker)
  const ends = ids.map(id => {
    group.append({ kind: frameKind.requestBytes, id, flags: 0, writtenAtMs: 1, requestBytes: 0 }, [], [Buffer.from(id)])
    return preambleBytes + group.bytes
  })
  const preamble = encodePreamble({ marker, number, previousNumber: number - 1, previousBytes, createdAtMs: 1 })
  writeFileSync(segmentPath(directory, number), Buffer.concat([preamble, ...group.sealed()]))
  return ends
}

function follow(directory: string): { readonly ids: string[]; readonly damage: Damage[] } {
  const damage: Damage[] = []
  const follower = new Follower(directory, startOfFiles(directory), one => damage.push(one))
  const ids: string[] = []
  const limit = endOfFiles(directory)
  while (follower.next(limit)) ids.push(readId(follower.entry.window, follower.entry.headAt + at.id))
  follower.close()
  return { ids, damage }
}

// A group that failed half-way may leave whole entries in the file. Their calls were refused, so a record of them would
// be wrong.
test('entries after the end that the next segment states are not read', () => {
  const directory = temporaryDirectory('ledger')
  const [first = '', refused = '', second = ''] = [newId(), newId(), newId()]
  const [end = 0] = writeSegment(directory, 1, [first, refused], 0)
  writeSegment(directory, 2, [second], end)
  assert.deepEqual(follow(directory), { ids: [first, second], damage: [] })
})

// Retention, or a clean-up by hand, removes segments; the others must still be read.
test('a missing segment is skipped', () => {
  const directory = temporaryDirectory('ledger')
  const [first = '', third = ''] = [newId(), newId()]
  writeSegment(directory, 1, [first], 0)
  writeSegment(directory, 3, [third], 500)
  assert.deepEqual(follow(directory).ids, [first, third])
})

// A process without free file handles must not lose the records of a whole segment.
test('a segment that cannot be opened is not skipped: reading fails there, and goes on when it can be opened', t => {
  const directory = temporaryDirectory('ledger')
  const ids = [newId(), newId(), newId()]
  for (const [index, id] of ids.entries()) writeSegment(directory, index + 1, [id], 500)
  const limit = endOfFiles(directory)
  const damage: Damage[] = []
  const follower = new Follower(directory, startOfFiles(directory), one => damage.push(one))
  t.after(() => follower.close())
  const read: string[] = []
  const readAll = (): void => {
    while (follower.next(limit)) read.push(readId(follower.entry.window, follower.entry.headAt + at.id))
  }
  const second = segmentPath(directory, 2)
  renameSync(second, `${second}.away`)
  // A link to itself: opening it fails for every user, with ELOOP.
  symlinkSync(second, second)
  for (let time = 0; time < 2; time++) assert.throws(readAll, { code: 'ELOOP' })
  rmSync(second)
  renameSync(`${second}.away`, second)
  readAll()
  assert.deepEqual(read, ids)
})

// When a disk lost the valid end of a segment, records are missing: the operator must learn of it.
test('bytes that the next segment counts and the file does not have are reported as damage', () => {
  const directory = temporaryDirectory('ledger')
  const [first = '', second = ''] = [newId(), newId()]
  const [end = 0] = writeSegment(directory, 1, [first], 0)
  writeSegment(directory, 2, [second], end + 300)
  const { ids, damage } = follow(directory)
  assert.deepEqual(ids, [first, second])
  assert.deepEqual(damage, [{ segment: 1, offset: end, bytes: 300 }])
  assert.ok(endOfFiles(directory) > positionAt(2, preambleBytes))
})
