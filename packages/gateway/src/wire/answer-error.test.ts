import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loggedCode } from './answer-error.ts'

// An instance that answers with what it was sent would put the gateway's own key into the log.
test('codes that are words or a status are logged, and nothing that may be a key is', () => {
  const codes = [
    ...['PermissionDenied', 'AuthenticationTypeDisabled', 'invalid_api_key', 'insufficient_quota', '401', 'a.b-c'],
  ]
  for (const code of codes) assert.equal(loggedCode(code), code)
  const keys = [
    ...['sk-proj-abcdef0123456789', '0123456789abcdef0123456789abcdef', 'Bearer abc', '', '4010', 'a'.repeat(65)],
    'eyJhbGciOiJub25lIn0.e30.x',
  ]
  for (const key of keys) assert.equal(loggedCode(key), null, key)
})
