import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { ProtobufWriter } from './protobuf.ts'

/** A message with a field of each type, for the library that the writer is compared with. */
const Every = protobuf.Root.fromJSON({
  nested: {
    Every: {
      fields: {
        count: { id: 1, type: 'uint64' },
        signed: { id: 2, type: 'int64' },
        real: { id: 3, type: 'double' },
        fixed: { id: 4, type: 'fixed64' },
        flags: { id: 5, type: 'fixed32' },
        text: { id: 6, type: 'string' },
        id: { id: 17, type: 'bytes' },
        reals: { id: 18, type: 'double', rule: 'repeated', options: { packed: true } },
        counts: { id: 19, type: 'fixed64', rule: 'repeated', options: { packed: true } },
        inner: { id: 2_000, type: 'Every', rule: 'repeated' },
      },
    },
  },
}).lookupType('Every')

interface EveryMessage {
  readonly count: number
  readonly signed: number
  readonly real: number
  readonly fixed: number
  readonly flags: number
  readonly text: string
  readonly id: string
  readonly reals: readonly number[]
  readonly counts: readonly number[]
  readonly inner: readonly EveryMessage[]
}

function write(writer: ProtobufWriter, message: EveryMessage): void {
  writer.varint(1, message.count)
  writer.int64(2, message.signed)
  writer.double(3, message.real)
  writer.fixed64(4, message.fixed)
  writer.fixed32(5, message.flags)
  writer.text(6, message.text)
  writer.hex(17, message.id)
  writer.doubles(18, message.reals)
  writer.fixed64s(19, message.counts)
  for (const inner of message.inner) {
    const begun = writer.begin(2_000)
    write(writer, inner)
    writer.end(begun)
  }
}

/** As the library reads it. */
const expected = (message: EveryMessage): object => ({
  ...message,
  ...{ count: String(message.count), signed: String(message.signed), fixed: String(message.fixed) },
  counts: message.counts.map(String),
  id: Buffer.from(message.id, 'hex'),
  inner: message.inner.map(expected),
})

const holding = (inner: fc.Arbitrary<readonly EveryMessage[]>): fc.Arbitrary<EveryMessage> =>
  fc.record(
    {
      count: fc.maxSafeNat(),
      signed: fc.maxSafeInteger(),
      real: fc.double({ noNaN: true }),
      fixed: fc.maxSafeNat(),
      flags: fc.nat(0xffff_ffff),
      text: fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 60 }), fc.constant('x'.repeat(70_000))),
      id: fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes).toString('hex')),
      reals: fc.array(fc.double({ noNaN: true })),
      counts: fc.array(fc.maxSafeNat()),
      inner,
    },
    { noNullPrototype: true },
  )
/** Messages within messages within messages: lengths of one and of several bytes. */
const leaves = holding(fc.constant([]))
const messages = holding(fc.array(holding(fc.array(leaves, { maxLength: 2 })), { maxLength: 2 }))

test('another library reads what was written, whatever it is and however long', () => {
  // One writer for all: what one message leaves must not show in the next one.
  const writer = new ProtobufWriter()
  fc.assert(
    fc.property(messages, message => {
      writer.reset()
      write(writer, message)
      const read = Every.toObject(Every.decode(writer.finish()), { longs: String, bytes: Buffer, defaults: true })
      assert.deepEqual(read, expected(message))
    }),
  )
})

test('times keep their nanoseconds', () => {
  const time = protobuf.Root.fromJSON({ nested: { Time: { fields: { at: { id: 7, type: 'fixed64' } } } } }).lookupType(
    'Time',
  )
  const nanosecondsOf = (ms: number): string => {
    const writer = new ProtobufWriter()
    writer.nanoseconds(7, ms)
    return (time.toObject(time.decode(writer.finish()), { longs: String }) as { at: string }).at
  }
  assert.equal(nanosecondsOf(1_780_000_000_000.25), '1780000000000250000')
  assert.equal(nanosecondsOf(12.999_999_9), '13000000')
  fc.assert(
    fc.property(fc.nat(4_000_000_000_000), fc.nat(7), (ms, eighths) => {
      assert.equal(nanosecondsOf(ms + eighths / 8), String(BigInt(ms) * 1_000_000n + BigInt(eighths * 125_000)))
    }),
  )
})
