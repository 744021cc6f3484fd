import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { LineFault, LineSums } from './line-sums.ts'

function lineOf(number: number, rest = ''): string {
  const name = '},"bodies":"kept","x":"ä\n'
  const row = recordRow(recordId(number), { callerName: name, cost: { nano: number, currency: 'USD', price: 'p' } })
  return `{"record":${JSON.stringify(row)},"bodies":"kept","conversation":${JSON.stringify(rest)}}\n`
}

// The manifest is evidence: its sums must not depend on where the network cuts.
test('sums and hash are those of the whole lines, however the bytes are cut and wherever it breaks', () => {
  const lines = fc.array(fc.string({ maxLength: 300 }), { maxLength: 8 })
  fc.assert(
    fc.property(lines, fc.array(fc.integer({ min: 1, max: 2_000 })), fc.nat(8_000), (rests, sizes, breakAt) => {
      const all = rests.map((rest, at) => lineOf(at + 1, rest))
      const bytes = Buffer.from(all.join(''))
      const sums = new LineSums()
      let at = 0
      for (const size of [...sizes, bytes.byteLength]) {
        if (at < breakAt && at + size >= breakAt) {
          sums.push(bytes.subarray(at, breakAt))
          sums.dropOpenLine()
          at = sums.bytes
        }
        sums.push(bytes.subarray(at, at + size))
        at = Math.min(bytes.byteLength, at + size)
      }
      const { records, sha256, tokens, costs, bytes: counted, newest, oldest } = sums.sums()
      assert.equal(sha256, createHash('sha256').update(bytes).digest('hex'))
      assert.deepEqual([records, counted, tokens.total], [all.length, bytes.byteLength, all.length * 1_234])
      const nano = (all.length * (all.length + 1)) / 2
      assert.deepEqual(
        costs.map(cost => cost.nano),
        all.length === 0 ? [] : [nano],
      )
      assert.deepEqual(
        [newest?.id, oldest?.id],
        all.length === 0 ? [undefined, undefined] : [recordId(1), recordId(all.length)],
      )
    }),
  )
})

test('what is no export of conversations is named by its line', () => {
  for (const line of ['{}\n', 'id,started\n', '{"record":{"bodies":"kept"}\n', '{"record":{x},"bodies":"kept"}\n']) {
    const sums = new LineSums()
    sums.push(Buffer.from(lineOf(1)))
    assert.throws(
      () => sums.push(Buffer.from(line)),
      (error: Error) => error instanceof LineFault && /^Line 2 /.test(error.message),
    )
  }
})

// A body may have half a gigabyte, and a laptop reads it.
test('a line of any length takes no more memory than its figures', () => {
  const sums = new LineSums()
  const [head = '', end = ''] = lineOf(1, 'REST').split('REST')
  sums.push(Buffer.from(head))
  const piece = Buffer.alloc(1_048_576, 'x')
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 256; n += 1) sums.push(piece)
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1_048_576)
  sums.push(Buffer.from(end))
  assert.deepEqual([sums.records, sums.openBytes], [1, 0])
})
