import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { checksTable } from './checks.ts'

const page = readFileSync(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8')

// An operator looks up what a check does before acting on it.
test('docs/doctor.md has the table of the checks as they are', () => {
  const [, table = ''] = /<!-- checks: [^>]*-->\n\n([\s\S]*?)\n\n<!-- end of checks -->/.exec(page) ?? []
  assert.equal(table, checksTable())
})
