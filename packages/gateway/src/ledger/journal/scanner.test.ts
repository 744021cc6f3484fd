import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { newId } from '../exchange.fixture.ts'
import { at, frameHeadBytes, frameKind } from './frame.ts'
import { ChunkPool, EntryGroup } from './group.ts'
import { readId } from './ids.ts'
import { SegmentScanner } from './scanner.ts'
import { encodePreamble, newMarker, preambleBytes, segmentPath } from './segments.ts'

interface Written {
  readonly id: string
  readonly kind: 2 | 3
  readonly body: Buffer
}

/** A segment that holds these entries. */
function segmentOf(entries: readonly Written[]): Buffer {
  const marker = newMarker()
  const group = new EntryGroup(new ChunkPool(), marker)
  for (const { id, kind, body } of entries) {
    group.append({ kind, id, flags: 0, writtenAtMs: 1, requestBytes: 0 }, [], [body])
  }
  const preamble = encodePreamble({ marker, number: 1, previousNumber: 0, previousBytes: 0, createdAtMs: 1 })
  return Buffer.concat([preamble, ...group.sealed()])
}

/** Entries that a scanner reads; bodies that were changed are null. */
function read(directory: string, segment: Buffer): { id: string; kind: number; body: Buffer | null }[] {
  writeFileSync(segmentPath(directory, 1), segment)
  const scanner = new SegmentScanner(directory, 1, preambleBytes, 512)
  const found: { id: string; kind: number; body: Buffer | null }[] = []
  try {
    while (scanner.next(segment.byteLength)) {
      found.push({ id: readId(scanner.window, scanner.headAt + at.id), kind: scanner.kind, body: scanner.body() })
    }
  } finally {
    scanner.close()
  }
  return found
}

const entries = fc.array(
  fc.record({
    id: fc.constant(0).map(() => newId()),
    kind: fc.constantFrom<2 | 3>(frameKind.requestBytes, frameKind.responseBytes),
    body: fc.uint8Array({ maxLength: 1_500 }).map(body => Buffer.from(body)),
  }),
  { minLength: 1, maxLength: 12 },
)

/** Every entry that was read must be one that was written, in order; a body may be missing, never different. */
function assertHonest(found: ReturnType<typeof read>, written: readonly Written[]): void {
  let from = 0
  for (const entry of found) {
    const at = written.findIndex((one, index) => index >= from && one.id === entry.id)
    assert.notEqual(at, -1, 'an entry was read that was never written, or out of order')
    assert.equal(entry.kind, written[at]?.kind)
    if (entry.body !== null) assert.deepEqual(entry.body, written[at]?.body)
    from = at + 1
  }
}

const directoryOf = (): string => temporaryDirectory('ledger')

// Readers of the ledger trust it.
test('entries are read back as they were written, whatever their bytes', () => {
  const directory = directoryOf()
  fc.assert(
    fc.property(entries, written => {
      assert.deepEqual(
        read(directory, segmentOf(written)),
        written.map(({ id, kind, body }) => ({ id, kind, body })),
      )
    }),
    { numRuns: 60 },
  )
})

// A killed process leaves half an entry; the entries before it must not be lost.
test('a segment cut anywhere still gives every whole entry before the cut', () => {
  const directory = directoryOf()
  fc.assert(
    fc.property(entries, fc.double({ min: 0, max: 1, noNaN: true }), (written, where) => {
      const segment = segmentOf(written)
      const cut = preambleBytes + Math.floor((segment.byteLength - preambleBytes) * where)
      const found = read(directory, segment.subarray(0, cut))
      let end = preambleBytes
      const whole = written.filter(({ body }) => {
        end += frameHeadBytes + body.byteLength
        return end <= cut
      })
      assert.deepEqual(
        found,
        whole.map(({ id, kind, body }) => ({ id, kind, body })),
      )
    }),
    { numRuns: 60 },
  )
})

// A failing disk must cost only the entries that it damaged, and must never produce an entry that was not written.
test('a flipped bit never yields a wrong entry and costs at most the entry that it hit', () => {
  const directory = directoryOf()
  fc.assert(
    fc.property(entries, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(7), (written, where, bit) => {
      const segment = segmentOf(written)
      const at = Math.min(segment.byteLength - 1, Math.floor(segment.byteLength * where))
      segment.writeUInt8(segment.readUInt8(at) ^ (1 << bit), at)
      const found = read(directory, segment)
      assertHonest(found, written)
      assert.ok(found.length >= written.length - 1, `${written.length} written, ${found.length} read`)
    }),
    { numRuns: 120 },
  )
})

// A foreign file in the directory must neither hang nor crash the start.
test('arbitrary bytes are scanned to the end without an error', () => {
  const directory = directoryOf()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.boolean(), (noise, withPreamble) => {
      const preamble = withPreamble ? segmentOf([]) : Buffer.alloc(0)
      assert.deepEqual(read(directory, Buffer.concat([preamble, noise])), [])
    }),
    { numRuns: 60 },
  )
})

// A client chooses its bodies. A body that contains a segment must not become records when its entry is damaged.
test('a body that looks like a journal is not read as one', () => {
  const directory = directoryOf()
  const forged = segmentOf([{ id: newId(), kind: frameKind.requestBytes, body: Buffer.from('forged') }])
  const written: Written[] = [
    { id: newId(), kind: frameKind.requestBytes, body: forged },
    { id: newId(), kind: frameKind.responseBytes, body: Buffer.from('after') },
  ]
  const segment = segmentOf(written)
  segment.writeUInt8(segment.readUInt8(preambleBytes + at.id + 5) ^ 1, preambleBytes + at.id + 5)
  assert.deepEqual(
    read(directory, segment).map(({ id }) => id),
    [written[1]?.id],
  )
})

// The marker is in the preamble; losing those bytes must not lose 64 MiB of records.
test('a segment with a destroyed preamble is read by the marker of its first entry', () => {
  const directory = directoryOf()
  const written: Written[] = [{ id: newId(), kind: frameKind.requestBytes, body: Buffer.from('kept') }]
  const segment = segmentOf(written)
  segment.fill(0, 0, preambleBytes)
  assert.equal(read(directory, segment).length, 1)
})
