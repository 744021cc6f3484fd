import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { adminErrors } from './errors.ts'
import { roleByRoute } from './roles.ts'

const page = await readFile(new URL('../../../../docs/management-api.md', import.meta.url), 'utf8')

// Operators alert on codes and grant access by the table of roles: an outdated page makes both wrong.
test('the documentation lists exactly the errors and routes that exist', () => {
  const errors = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)])
  assert.deepEqual(
    Object.fromEntries(errors),
    Object.fromEntries(Object.entries(adminErrors).map(([code, { status }]) => [code, status])),
  )
  const routes = [...page.matchAll(/^\| `([A-Z]+ \S+)` \| ([\w, ]+) \|/gm)].map(([, route, roles]) => [
    route?.replace(/\{(\w+)\}/, ':$1'),
    roles,
  ])
  const table = Object.entries(roleByRoute).map(([route, roles]) => [route, [roles].flat().join(', ')])
  assert.deepEqual(Object.fromEntries(routes), { 'GET /healthz': 'none', ...Object.fromEntries(table) })
})
