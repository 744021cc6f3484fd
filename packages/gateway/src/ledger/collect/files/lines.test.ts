import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { linesOf } from './lines.ts'

async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0
  for (const size of sizes) {
    if (from >= bytes.byteLength) return
    yield bytes.subarray(from, from + size)
    from += size
  }
  if (from < bytes.byteLength) yield bytes.subarray(from)
}

test('lines are the same however the file comes, and only the last one is marked so', async () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'ü', '"', ' '), maxLength: 6 }), { maxLength: 6 })
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(texts, sizes, fc.boolean(), async (lines, chunks, endsWithBreak) => {
      const file = lines.join('\n') + (endsWithBreak && lines.length > 0 ? '\n' : '')
      const expected = file === '' ? [] : file.replace(/\n$/, '').split('\n')
      const found: { text: string; isLast: boolean }[] = []
      for await (const { value, isLast } of linesOf(inChunks(Buffer.from(file), chunks)))
        found.push({ text: value.toString(), isLast })
      assert.deepEqual(
        found,
        expected.map((text, at) => ({ text, isLast: at === expected.length - 1 })),
      )
    }),
  )
})
