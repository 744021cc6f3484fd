import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusals } from '../refusals.ts'
import { type BackendFailure, classify, GivenUp, refusalOf } from './failures.ts'

function failed(code: string): Error {
  return Object.assign(new Error('secret detail of the connection'), { code })
}

const bounds = { totalMs: 4_000, uploadBytesMax: 1_024, uploadPauseMs: 2_000 }

// The ledger keeps the code for ever, and whether a call may be replayed depends on it.
test('each failure has a code, by the time at which it happened', () => {
  const rows: readonly (readonly [string, boolean, BackendFailure])[] = [
    ['ECONNREFUSED', false, 'backend_unreachable'],
    ['ENOTFOUND', false, 'backend_unreachable'],
    ['CERT_HAS_EXPIRED', false, 'backend_unreachable'],
    ['UND_ERR_CONNECT_TIMEOUT', false, 'connect_timeout'],
    ['ETIMEDOUT', false, 'connect_timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', false, 'first_byte_timeout'],
    ['UND_ERR_SOCKET', false, 'backend_broke'],
    ['ECONNRESET', false, 'backend_broke'],
    ['anything', false, 'backend_broke'],
    ['ECONNRESET', true, 'backend_cut'],
    ['ECONNREFUSED', true, 'backend_cut'],
    ['UND_ERR_BODY_TIMEOUT', true, 'stream_idle_timeout'],
  ]
  for (const [code, began, failure] of rows) assert.equal(classify(failed(code), began), failure, code)
  assert.equal(classify(new GivenUp('total_timeout'), true), 'total_timeout')
  for (const code of ['ETIMEDOUT', 'EHOSTUNREACH']) {
    const established = Object.assign(failed(code), { syscall: 'read' })
    assert.equal(
      classify(established, false),
      'backend_broke',
      `${code} of an established connection: the request may have been read`,
    )
  }
  const several = new AggregateError([failed('ECONNREFUSED'), failed('ENETUNREACH')])
  assert.equal(classify(several, false), 'backend_unreachable', 'one error for each address that was tried')
  assert.equal(classify(new AggregateError([]), false), 'backend_broke')
})

test('each failure has a refusal in plain words, and its cause is not shown', () => {
  const failures: readonly BackendFailure[] = [
    'backend_unreachable',
    'connect_timeout',
    'first_byte_timeout',
    'backend_broke',
    'backend_redirected',
    'total_timeout',
    'backend_cut',
    'stream_idle_timeout',
    'shutdown',
    'upload_too_large',
    'upload_stalled',
  ]
  for (const failure of failures) {
    const refusal = refusalOf(failure, 'sweden', bounds, failed('ECONNRESET'))
    assert.ok(refusal.code in refusals)
    assert.doesNotMatch(refusal.message, /secret|ECONN|undefined|\{/)
  }
  assert.match(refusalOf('total_timeout', 'sweden', bounds, failed('x')).message, /\b4 seconds/)
  assert.match(refusalOf('upload_too_large', 'sweden', bounds, failed('x')).message, /\b1024 bytes/)
  assert.match(refusalOf('upload_stalled', 'sweden', bounds, failed('x')).message, /\b2 seconds/)
})
