import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Journal } from '../../../ledger/index.ts'
import { operations } from '../../../wire/operations.ts'
import { Capture } from './capture.ts'
import { isWorthReading, ReadingOn } from './read-on.ts'

/** Keeps what is written to it. */
function fakeJournal(): { readonly written: string[]; readonly journal: Journal } {
  const written: string[] = []
  const progress = async (id: string, part: string, bytes: readonly Buffer[]): Promise<void> => {
    written.push(`${id} ${part} ${Buffer.concat(bytes).length}`)
    throw new Error('the disk is full')
  }
  return { written, journal: { progress } as Pick<Journal, 'progress'> as Journal }
}

// A crash must not lose more of an answer than this.
test('an open answer is written at 64 KiB, after two seconds, and when asked for; the rest stays for the end', () => {
  const { written, journal } = fakeJournal()
  const capture = new Capture(journal, 'call-1')
  capture.add(Buffer.alloc(65_535))
  assert.deepEqual([written.length, capture.progressed], [0, false])
  capture.add(Buffer.alloc(1))
  assert.deepEqual([written, capture.progressed], [['call-1 response 65536'], true])
  capture.tick(10_000)
  capture.add(Buffer.alloc(10))
  capture.tick(11_999)
  assert.equal(written.length, 1)
  capture.tick(12_000)
  assert.equal(written.at(-1), 'call-1 response 10')
  capture.add(Buffer.alloc(7))
  capture.progress()
  assert.equal(written.at(-1), 'call-1 response 7')
  capture.add(Buffer.from('end'))
  assert.deepEqual([Buffer.concat(capture.unwritten).toString(), capture.isWhole], ['end', true])
})

test('an answer that is not recorded is held up to 8 MiB for counting, and marked when it is longer', () => {
  const capture = new Capture(null, 'call-1')
  for (let at = 0; at < 8; at += 1) capture.add(Buffer.alloc(1_048_576))
  capture.tick(0)
  capture.tick(60_000)
  assert.deepEqual([capture.isWhole, capture.progressed, capture.unwritten.length], [true, false, 8])
  capture.add(Buffer.alloc(1))
  assert.deepEqual([capture.isWhole, capture.unwritten.length], [false, 8])
})

test('512 answers are read on at once, and one more when one has ended', () => {
  const reading = new ReadingOn()
  let begun = 0
  while (reading.begin()) begun += 1
  assert.deepEqual([begun, reading.inFlight], [512, 512])
  reading.end()
  assert.deepEqual([reading.begin(), reading.begin()], [true, false])
})

test('answers that report usage are worth reading to their end, and files are not', () => {
  assert.ok(isWorthReading(operations['chat/completions']))
  assert.ok(isWorthReading(operations['responses/{id}']))
  assert.equal(isWorthReading(operations['files/{id}/content']), false)
})
