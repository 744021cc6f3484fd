import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exampleNames } from '../../test/terraform/examples.ts'
import { replacements } from './replace.ts'

test('what was replaced is found by comparison, so that nothing is replaced in silence', () => {
  const before = { a: { b: 1, c: [1, 2] }, d: 'x' }
  assert.deepEqual(replacements(before, { a: { b: 1, c: [1, 3] }, d: 'x', e: { f: true } }), [
    { path: 'a.c', from: '[1,2]', to: '[1,3]' },
    { path: 'e.f', from: null, to: 'true' },
  ])
  assert.deepEqual(replacements(before, structuredClone(before)), [])
})

// An example without a rehearsal is one that nobody has seen start.
test('every example has a test of its rehearsal', () => {
  const files = globSync('*.test.ts', { cwd: join(import.meta.dirname, 'examples') })
  assert.deepEqual(files.map(file => file.replace(/\.test\.ts$/, '')).sort(), exampleNames())
})
