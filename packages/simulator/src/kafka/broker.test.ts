import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from './crc32c.ts'
import { errorCode } from './errors.ts'
import { startKafka } from './index.ts'
import { Partition } from './partition.ts'

/** A batch of so many records without content, as a producer with this id sends it. */
function batchOf(parts: { producer: bigint; epoch?: number; sequence: number; records: number }): Buffer {
  const { producer, epoch = 0, sequence, records } = parts
  const batch = Buffer.alloc(61 + records)
  batch.writeInt32BE(batch.byteLength - 12, 8)
  batch.writeInt8(2, 16)
  batch.writeInt32BE(records - 1, 23)
  batch.writeBigInt64BE(producer, 43)
  batch.writeInt16BE(epoch, 51)
  batch.writeInt32BE(sequence, 53)
  batch.writeInt32BE(records, 57)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

const partition = (): Partition => new Partition(1_000, 10_000)

test('the checksum is that of RFC 3720', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa)
})

test('whatever is sent again of the newest five batches is in the partition once, and gets its first offset', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(sizes, fc.infiniteStream(fc.nat(4)), (records, again) => {
      const written = partition()
      const sent: { readonly batch: Buffer; readonly offset: bigint }[] = []
      let sequence = 0
      for (const count of records) {
        const batch = batchOf({ producer: 7n, sequence, records: count })
        const { error, offset } = written.append(batch)
        assert.deepEqual([error, offset], [errorCode.none, BigInt(sequence)])
        sent.push({ batch, offset })
        sequence += count
        const double = sent.at(-1 - again.next().value)
        if (double !== undefined) assert.deepEqual(written.append(double.batch), { error: 0, offset: double.offset })
      }
      assert.equal(written.end, BigInt(sequence))
    }),
  )
})

test('a gap in the sequence, an older epoch, a damaged batch and one that is too large are refused', () => {
  const written = partition()
  const errorOf = (batch: Buffer): number => written.append(batch).error
  assert.equal(errorOf(batchOf({ producer: 1n, epoch: 1, sequence: 0, records: 2 })), errorCode.none)
  assert.equal(errorOf(batchOf({ producer: 1n, epoch: 1, sequence: 3, records: 1 })), errorCode.outOfOrderSequence)
  assert.equal(errorOf(batchOf({ producer: 1n, epoch: 0, sequence: 2, records: 1 })), errorCode.oldEpoch)
  assert.equal(errorOf(batchOf({ producer: 2n, sequence: 0, records: 2_000 })), errorCode.messageTooLarge)
  const damaged = batchOf({ producer: 3n, sequence: 0, records: 1 })
  damaged.writeInt32BE(9, 57)
  assert.equal(errorOf(damaged), errorCode.corruptMessage)
  assert.equal(errorOf(damaged.subarray(0, 40)), errorCode.corruptMessage)
  assert.equal(written.end, 2n)
})

test('old batches make room, and what was deleted is out of range', () => {
  const written = partition()
  for (let at = 0; at < 20; at += 1) written.append(batchOf({ producer: 1n, sequence: at * 900, records: 900 }))
  assert.ok(written.start > 0n)
  assert.equal(written.read(0n, 1), null)
  assert.equal(written.read(written.end + 1n, 1), null)
  assert.equal(written.read(written.end, 1)?.byteLength, 0)
  assert.equal(written.read(written.start, 1)?.byteLength, 961)
})

test('a request that is none ends its connection, and the broker goes on', async t => {
  const kafka = await startKafka({ topics: { words: {} } })
  t.after(() => kafka.close())
  const [host = '', port = ''] = kafka.address.split(':')
  const strange = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.of(0, 0, 0, 4, 0, 18, 0, 0),
    Buffer.of(0xff, 0xff, 0xff, 0xff),
    // Metadata whose list of topics is longer than the request.
    Buffer.from('00000012000300080000000100017a7fffffff000000', 'hex'),
    Buffer.from('0000000a006300000000000100017a', 'hex'),
  ]
  for (const bytes of strange) {
    const socket = connect(Number(port), host)
    socket.on('error', () => {})
    socket.resume()
    socket.write(bytes)
    await once(socket, 'close')
  }
  const socket = connect(Number(port), host)
  // ApiVersions of version 0.
  socket.write(Buffer.from('0000000b0012000000000007000161', 'hex'))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.deepEqual([answer.readInt32BE(4), answer.readInt16BE(8)], [7, errorCode.none])
  socket.destroy()
})
