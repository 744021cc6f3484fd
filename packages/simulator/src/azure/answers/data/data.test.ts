import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { dataFiles } from './schema.ts'

const files = globSync('**/*.json', { cwd: import.meta.dirname }).sort()

test('every data file has a schema, and every schema a file', () => {
  assert.deepEqual(files, Object.keys(dataFiles).sort())
})

// A wrong key or a pattern that does not compile would only fail at the one question that needs it.
for (const [path, schema] of Object.entries(dataFiles)) {
  test(`${path} has the form that its schema describes`, () => {
    const value: unknown = JSON.parse(readFileSync(`${import.meta.dirname}/${path}`, 'utf8'))
    const { error } = schema.safeParse(value)
    assert.equal(error && z.prettifyError(error), undefined)
  })
}
