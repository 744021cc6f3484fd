import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { closedOf, newId, openedOf } from './exchange.fixture.ts'

// Data protection officers read that page. A field that it does not name would be kept in secret.
test('docs/ledger.md names every field of a record', () => {
  const page = readFileSync(new URL('../../../../docs/ledger.md', import.meta.url), 'utf8')
  const id = newId()
  const { usage, ...closed } = closedOf(id)
  const fields = [
    ...Object.keys({ ...openedOf(id), ...closed }),
    ...Object.keys(usage).map(field => `usage.${field}`),
    'durationMs',
    'timeToFirstByteMs',
  ]
  assert.deepEqual(
    fields.filter(field => !page.includes(`\`${field}\``)),
    [],
  )
})
