import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callOf } from '../../exchange.fixture.ts'
import { Refusal } from '../../refusals.ts'
import { accept } from './index.ts'

test('an ordinary request is accepted, and so are upgrades that may be ignored', () => {
  accept(callOf())
  accept(callOf({ headers: { upgrade: 'h2c', connection: 'upgrade, http2-settings' } }))
  accept({ ...callOf({ headers: { expect: '100-continue' } }), expectsContinue: true })
})

test('a fault in the framing is refused in words', () => {
  assert.throws(() => accept({ ...callOf(), fault: 'it has two lengths' }), {
    code: 'request_malformed',
    message: /it has two lengths/,
  })
})

test('an upgrade to WebSocket is refused with the protocol to use instead', () => {
  for (const upgrade of ['websocket', 'WebSocket', 'h2c, websocket']) {
    assert.throws(
      () => accept(callOf({ headers: { upgrade } })),
      (error: unknown) => {
        assert.ok(error instanceof Refusal)
        assert.deepEqual([error.code, error.status], ['upgrade_unsupported', 426])
        assert.deepEqual(error.headers, ['connection', 'close, upgrade', 'upgrade', 'HTTP/1.1'])
        return true
      },
    )
  }
})

test('an expectation that is not 100-continue is refused', () => {
  assert.throws(() => accept(callOf({ headers: { expect: '200-maybe' } })), { code: 'expectation_failed', status: 417 })
})
