import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fieldsApart, folded, linePairs } from './compare.ts'
import type { RecordRow } from './query.ts'

const lines = fc
  .array(fc.constantFrom('a', 'b', 'c', '{', '  "x": 1', ''), { maxLength: 40 })
  .map(list => list.map(line => `${line}\n`).join(''))

// Whoever compares two prompts must see every line of both.
test('the left sides together are the one text, the right sides the other', () => {
  fc.assert(
    fc.property(lines, lines, (one, other) => {
      const pairs = linePairs(one, other) ?? assert.fail()
      const side = (name: 'left' | 'right'): string[] => pairs.flatMap(pair => pair[name] ?? [])
      const expected = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
      assert.deepEqual(side('left'), expected(one))
      assert.deepEqual(side('right'), expected(other))
      for (const { kind, left, right } of pairs) assert.ok(kind === 'apart' || left === right)
    }),
  )
})

test('equal lines far from a difference are folded, and counted', () => {
  const same = Array.from({ length: 20 }, (_, at) => `line ${at}\n`).join('')
  const pairs = linePairs(`${same}old\n${same}`, `${same}new\n${same}`) ?? assert.fail()
  assert.deepEqual(
    folded(pairs).map(one => (one.kind === 'folded' ? one.lines : one.left)),
    [17, 'line 17', 'line 18', 'line 19', 'old', 'line 0', 'line 1', 'line 2', 17],
  )
})

test('texts that have nothing in common are not compared for minutes', () => {
  const many = (name: string): string => Array.from({ length: 2_000 }, (_, at) => `${name} ${at}\n`).join('')
  assert.equal(linePairs(many('one'), many('other')), null)
})

test('fields that differ are listed, but for those that always do', () => {
  const one = { id: 'a', startedAtMs: 1, status: 200, cost: null, usage: { promptTokens: 3, source: 'reported' } }
  const other = { ...one, id: 'b', startedAtMs: 2, status: 429, usage: { promptTokens: 4, source: 'reported' } }
  assert.deepEqual(fieldsApart(one as unknown as RecordRow, other as unknown as RecordRow), [
    { name: 'status', one: '200', other: '429' },
    { name: 'usage.promptTokens', one: '3', other: '4' },
  ])
})
