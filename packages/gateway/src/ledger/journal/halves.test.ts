import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newId } from '../exchange.fixture.ts'
import { anyRecord, hostileTexts } from '../fields.fixture.ts'
import { type Field, shownFields } from '../fields.ts'
import type { RecordRow } from '../record.ts'
import { closedShape, openedShape } from './fields.ts'
import { textUnitsMax } from './forms.ts'
import { readClosed, readOpened } from './halves.ts'
import { BlockView, MetadataBlock } from './metadata.ts'
import { flagsOf } from './unrolled.ts'

/** A text as the journal keeps it: UTF-8 has no lone surrogates, and a text has a longest length. */
function keptText(text: string): string {
  return text.slice(0, textUnitsMax).toWellFormed()
}

/** The fields of one half of a record, with texts and names as the journal keeps them. */
function halfOf(record: RecordRow, half: Field['half']): Record<string, unknown> {
  const names = new Set(
    shownFields.filter(field => field.half === half || field.half === 'both').map(({ path }) => path[0] as string),
  )
  const keep = (value: unknown): unknown => {
    if (typeof value === 'string') return keptText(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, keep(member)]))
  }
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => (names.has(name) ? [[name, keep(value)]] : [])),
  )
}

/** True where JSON of a list is longer than a field keeps, and is left out. */
function isTooLong(list: readonly unknown[]): boolean {
  return JSON.stringify(list).length > textUnitsMax
}

// A model name in any script, or a hostile one, must neither shift the fields after it nor be lost.
test('every field of a record survives the journal, with any text', () => {
  const target = Buffer.alloc(4 * 1024 * 1024)
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength)
  const block = new MetadataBlock()
  const found = new BlockView()
  fc.assert(
    fc.property(anyRecord(true, hostileTexts), made => {
      const record = { ...made, id: newId() }
      block.opened(record)
      const openedEnd = block.write(target, view, 8)
      assert.ok(openedEnd - 8 <= block.bytesMax)
      assert.ok(found.read(view, 8, openedEnd, openedShape))
      assert.deepEqual(readOpened(target, view, found, record.id, flagsOf(record)), {
        ...halfOf(record, 'opened'),
        toolDeployments: isTooLong(record.toolDeployments) ? [] : record.toolDeployments,
      })

      block.closed(record)
      const closedEnd = block.write(target, view, 8)
      assert.ok(closedEnd - 8 <= block.bytesMax)
      assert.ok(found.read(view, 8, closedEnd, closedShape))
      assert.deepEqual(readClosed(target, view, found, record.id), {
        ...halfOf(record, 'closed'),
        attempts: isTooLong(record.attempts) ? [] : record.attempts,
      })
    }),
    { numRuns: 200 },
  )
})
