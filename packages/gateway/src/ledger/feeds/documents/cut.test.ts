import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codePointBytesMax, type Piece, TextCutter } from './cut.ts'

/** @param chunk code points that the cutter gets at once. */
function cutTexts(texts: readonly string[], roomOf: (part: number) => number, chunk = 1_000): Piece[][] {
  const cutter = new TextCutter(roomOf)
  for (const [number, text] of texts.entries()) {
    const points = [...text]
    for (let from = 0; from < points.length; from += chunk)
      cutter.add(number, points.slice(from, from + chunk).join(''))
  }
  return cutter.parts
}

/** Any code units: also halves of surrogate pairs, NUL, and what JSON escapes. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0x22, 0x5c, 0x0a, 0xd83d, 0xde00)))
  .map(units => String.fromCharCode(...units))
const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2
const endsInHalf = (text: string): boolean => /[\ud800-\udbff]$/.test(text)
const beginsWithHalf = (text: string): boolean => /^[\udc00-\udfff]/.test(text)

test('pieces of any texts join to the texts, fit into their parts, and end between code points', () => {
  const sizes = fc.record({
    first: fc.nat(40),
    others: fc.integer({ min: codePointBytesMax, max: 40 }),
    chunk: fc.integer({ min: 1, max: 30 }),
  })
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 3 }), sizes, (texts, { first, others, chunk }) => {
      const roomOf = (part: number): number => (part === 0 ? first : others)
      assert.deepEqual(cutTexts(texts, roomOf, chunk), cutTexts(texts, roomOf), 'however the texts come')
      const parts = cutTexts(texts, roomOf).map(pieces =>
        pieces.map(({ text, from, to }) => ({ text, piece: (texts[text] ?? '').slice(from, to) })),
      )
      const pieces = parts.flat()
      for (const [number, text] of texts.entries())
        assert.equal(pieces.flatMap(({ text: of, piece }) => (of === number ? [piece] : [])).join(''), text)
      for (const [number, part] of parts.entries())
        assert.ok(part.reduce((sum, { piece }) => sum + jsonBytes(piece), 0) <= roomOf(number))
      for (const [at, { text, piece }] of pieces.entries()) {
        const next = pieces[at + 1]
        assert.ok(next?.text !== text || !(endsInHalf(piece) && beginsWithHalf(next.piece)))
      }
    }),
  )
})

test('a part is filled: the next code point would not have fitted', () => {
  assert.deepEqual(
    cutTexts(['abc😀d', 'é'], part => (part === 0 ? 5 : 6)),
    [[{ text: 0, from: 0, to: 3 }], [{ text: 0, from: 3, to: 6 }], [{ text: 1, from: 0, to: 1 }]],
  )
})
