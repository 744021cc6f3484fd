import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { newId } from '../exchange.fixture.ts'
import { anyRecord, hostileTexts } from '../fields.fixture.ts'
import { fieldRows } from '../fields.ts'
import { blankText, erasingOf } from '../privacy/personal.ts'
import type { RecordRow } from '../record.ts'
import { erasedEntry } from './erased-entry.ts'
import { readClosedBlock } from './exchange-reader.ts'
import { flag } from './fields.ts'
import { frameHeadBytes, frameKind } from './frame.ts'
import { ChunkPool, EntryGroup } from './group.ts'
import { readClosed, readOpened } from './halves.ts'
import { BlockView, MetadataBlock } from './metadata.ts'
import { SegmentScanner } from './scanner.ts'
import { encodePreamble, newMarker, preambleBytes, segmentPath } from './segments.ts'
import { flagsOf } from './unrolled.ts'
import { formatOf } from './version.ts'

const objectId = 'a11ce000-3333-4444-5555-666666666666'
const pseudonym = '0b5cu4e0-3333-4444-5555-777777777777'
const directory = temporaryDirectory('erased')

/** A segment with a record in one entry, or in two, between two entries of another exchange. */
function segmentWith(row: RecordRow, body: Uint8Array, inOne: boolean): Buffer {
  const marker = newMarker()
  const group = new EntryGroup(new ChunkPool(), marker)
  const [opened, closed] = [new MetadataBlock(), new MetadataBlock()]
  opened.opened(row)
  closed.closed(row)
  const other = (): void =>
    group.append(
      { kind: frameKind.responseBytes, id: newId(), flags: 0, writtenAtMs: 1, requestBytes: 0 },
      [],
      [Buffer.from('another body')],
    )
  const facts = { id: row.id, writtenAtMs: 7, flags: flagsOf(row) }
  other()
  if (inOne) {
    const flags = facts.flags | flag.carriesOpened
    const requestBytes = body.byteLength >> 1
    group.append({ ...facts, kind: frameKind.closed, flags, requestBytes }, [closed, opened], [body])
  } else {
    group.append({ ...facts, kind: frameKind.opened, requestBytes: 0 }, [opened], [body])
    group.append({ ...facts, kind: frameKind.closed, flags: 0, requestBytes: 0 }, [closed], [body])
  }
  other()
  const preamble = encodePreamble({ marker, number: 1, previousNumber: 0, previousBytes: 0, createdAtMs: 1 })
  return Buffer.concat([preamble, ...group.sealed()])
}

interface ReadEntry {
  readonly offset: number
  readonly end: number
  readonly kind: number
  readonly body: string | null
  readonly half: object
}

function read(bytes: number): readonly ReadEntry[] {
  const entries = new SegmentScanner(directory, 1, preambleBytes)
  const found: ReadEntry[] = []
  const [first, second] = [new BlockView(), new BlockView()]
  while (entries.next(bytes)) {
    const { offset, end, kind, window, view, headAt, metaEnd, flags } = entries
    let half: object = {}
    if (kind === frameKind.opened) {
      assert.ok(first.read(view, headAt + frameHeadBytes, metaEnd, formatOf(entries).opened))
      half = readOpened(window, view, first, '', flags)
    }
    if (kind === frameKind.closed) {
      assert.ok(readClosedBlock(entries, first))
      half = readClosed(window, view, first, '')
      if ((flags & flag.carriesOpened) !== 0) {
        assert.ok(second.read(view, first.endAt, metaEnd, formatOf(entries).opened))
        half = { ...half, ...readOpened(window, view, second, '', flags) }
      }
    }
    found.push({ offset, end, kind, body: entries.body()?.toString('latin1') ?? null, half })
  }
  assert.deepEqual(entries.damage, [])
  entries.close()
  return found
}

/** Writes the erased entries over those of the record. */
function erase(bytes: Buffer, written: readonly ReadEntry[]): Buffer {
  const entries = new SegmentScanner(directory, 1, preambleBytes)
  const erased = Buffer.from(bytes)
  for (const { offset } of written.slice(1, -1)) {
    assert.ok(entries.seek(offset))
    erasedEntry(entries, pseudonym).copy(erased, offset)
  }
  entries.close()
  return erased
}

function assertErased(old: Record<string, unknown>, now: Record<string, unknown>): void {
  for (const field of fieldsOf(old)) {
    const { name } = field
    const erasing = erasingOf(field)
    if (erasing === 'keep') assert.deepEqual(now[name], old[name], name)
    else if (erasing === 'pseudonym') assert.equal(now[name], pseudonym)
    else if (erasing === 'blank') assert.equal(now[name], blankText)
    else if (erasing === 'own') assert.equal(now[name], old[name] === old['deployment'] ? old[name] : null)
    else assert.ok(now[name] === null || (now[name] as readonly unknown[]).length === 0, name)
  }
}

const fieldsOf = (half: object) => fieldRows.filter(({ name, half: of }) => of !== 'derived' && name in half)

// Cursors of feeds and rows of the store are positions: an entry that is a byte longer makes every one of them wrong.
test('an erased entry is as long as it was, has no body, and keeps what says nothing about a person', () => {
  const rows = fc.oneof(anyRecord(true), anyRecord(true, hostileTexts))
  const body = fc.uint8Array({ maxLength: 300 })
  const property = fc.property(rows, body, fc.boolean(), (any, bodyBytes, inOne) => {
    const path = `/main/hr-bot/openai/${any.path.slice(0, 200)}`
    const row = { ...any, id: newId(), callerObjectId: objectId, path }
    const bytes = segmentWith(row, bodyBytes, inOne)
    writeFileSync(segmentPath(directory, 1), bytes)
    const before = read(bytes.byteLength)
    writeFileSync(segmentPath(directory, 1), erase(bytes, before))
    const after = read(bytes.byteLength)
    const places = (entries: readonly ReadEntry[]) => entries.map(({ offset, end, kind }) => [offset, end, kind])
    assert.deepEqual(places(after), places(before))
    assert.deepEqual([after[0], after.at(-1)], [before[0], before.at(-1)])
    for (const [at, entry] of after.entries()) {
      if (at === 0 || at === after.length - 1) continue
      assert.equal(entry.body, '')
      const old = before[at]?.half as Record<string, unknown>
      const now = entry.half as Record<string, unknown>
      assertErased(old, now)
    }
    assert.ok(!readFileSync(segmentPath(directory, 1)).includes(objectId))
  })
  fc.assert(property, { numRuns: 60 })
})
