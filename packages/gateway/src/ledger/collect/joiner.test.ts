import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newId } from '../exchange.fixture.ts'
import { partsOf } from './collect.fixture.ts'
import type { JsonRecord } from './collected.ts'
import type { SourceMessage } from './index.ts'
import { Joiner } from './joiner.ts'

const value = Buffer.from('1234567890')

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
const record = fc.tuple(text, text).map(([requestBody, responseBody]) => ({
  ...{ id: newId(), workload: 'bot', requestBody, requestBodyEncoding: 'utf8', responseBody },
  responseBodyEncoding: 'utf8',
}))
/** Parts of some records in the partitions of their records, in any order, some of them twice. */
const topics = fc
  .array(fc.tuple(record, fc.integer({ min: 1, max: 9 }), fc.constantFrom('0', '1')), { minLength: 1, maxLength: 6 })
  .chain(records => {
    const messages = records.flatMap(([line, units, partition]) =>
      partsOf(line, units).map(part => ({ line: part, partition })),
    )
    return fc
      .tuple(
        fc.shuffledSubarray(messages, { minLength: messages.length }),
        fc.shuffledSubarray(messages),
        fc.nat(2 * messages.length),
      )
      .map(([once, again, cut]) => ({ records: records.map(([line]) => line), messages: [...once, ...again], cut }))
  })

type Sent = readonly { readonly line: JsonRecord; readonly partition: string }[]

/** Offsets are counted from 1 in each partition. */
function numbered(messages: Sent): { readonly message: SourceMessage; readonly line: JsonRecord }[] {
  const counts = new Map<string, number>()
  return messages.map(({ line, partition }) => {
    const offset = (counts.get(partition) ?? 0) + 1
    counts.set(partition, offset)
    return { message: { partition, offset: String(offset), headers: {}, value }, line }
  })
}

// After a crash the collector begins at these offsets: a record that cannot be joined from there is lost.
test('parts are joined as they were, and what is read again after a crash joins every record that was not whole', () => {
  fc.assert(
    fc.property(topics, ({ records, messages, cut }) => {
      const all = numbered(messages)
      const before = new Joiner({ from: new Map() })
      const whole = new Map<unknown, JsonRecord>()
      const take = (joiner: Joiner, some: typeof all): void => {
        for (const { message, line } of some) {
          const joined = joiner.take(message, line, 0)
          if (joined !== null) whole.set(joined['id'], joined)
        }
      }
      take(before, all.slice(0, cut))
      const { offsets } = before
      const after = new Joiner({ from: offsets })
      const isAfter = ({ message }: (typeof all)[number]): boolean =>
        Number(message.offset) > Number(offsets.get(message.partition) ?? 0)
      take(after, all.filter(isAfter))
      assert.equal(whole.size, records.length)
      for (const line of records) {
        const joined = whole.get(line.id)
        assert.deepEqual(
          [joined?.['requestBody'], joined?.['responseBody'], joined?.['workload']],
          [line.requestBody, line.responseBody, line.workload],
        )
      }
    }),
  )
})

test('parts that wait too long, or take too much memory, are given up, oldest first, and hold nothing back', () => {
  const [one, two] = [newId(), newId()].map(id =>
    partsOf({ id, requestBody: 'abcdef', requestBodyEncoding: 'utf8', responseBody: null }, 2),
  ) as [JsonRecord[], JsonRecord[]]
  const joiner = new Joiner({ from: new Map(), bytesMax: 25, waitMsMax: 1_000 })
  const take = (line: JsonRecord | undefined, offset: string, atMs: number): unknown =>
    joiner.take({ partition: '0', offset, headers: {}, value }, line ?? {}, atMs)
  take(one[0], '1', 0)
  take(two[0], '2', 500)
  assert.deepEqual(joiner.giveUp(1_000), [])
  assert.deepEqual(joiner.offsets, new Map())
  assert.deepEqual(joiner.giveUp(1_001), [one[0]?.['id']])
  assert.deepEqual(joiner.offsets, new Map([['0', '1']]))
  take(two[1], '3', 1_000)
  take(one[1], '4', 1_000)
  assert.deepEqual(joiner.giveUp(1_001), [two[0]?.['id']], 'three parts of ten bytes')
  assert.deepEqual(joiner.offsets, new Map([['0', '3']]))
})
