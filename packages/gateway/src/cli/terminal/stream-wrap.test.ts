import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { columnsOf } from './printable.ts'
import { StreamWrap } from './stream-wrap.ts'

function wrapped(pieces: readonly string[], width: number): string {
  const wrap = new StreamWrap(width)
  return pieces.map(piece => wrap.push(piece)).join('') + wrap.end()
}

// A stream is cut anywhere, also in the middle of a word. What a reader sees must not depend on where.
test('pieces are wrapped as the whole text is, between words, and every word stays', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ü', '語', ' ', ' ', '\n', '.'), maxLength: 200 })
  fc.assert(
    fc.property(text, fc.array(fc.nat(200), { maxLength: 9 }), fc.integer({ min: 10, max: 60 }), (all, cuts, width) => {
      const ends = [0, ...cuts.map(cut => Math.min(cut, all.length)).sort((a, b) => a - b), all.length]
      const out = wrapped(
        ends.slice(1).map((end, at) => all.slice(ends[at], end)),
        width,
      )
      assert.equal(out, wrapped([all], width))
      assert.deepEqual(out.split(/\s+/), all.split(/\s+/))
      for (const line of out.split('\n')) {
        assert.ok(columnsOf(line.trimEnd()) <= width || !line.trim().includes(' '), line)
      }
    }),
  )
})

test('lines of code are not broken, and the text after them is', () => {
  const long = 'one two three four five'
  const text = `${long}\n\`\`\`sh\n  ${long}\n\`\`\`\n${long}`
  const lines = wrapped([text], 12).split('\n')
  assert.deepEqual(lines.slice(0, 2), ['one two', 'three four'])
  assert.deepEqual(lines.slice(3, 7), ['```sh', `  ${long}`, '```', 'one two'])
})
