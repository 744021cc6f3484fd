import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CredentialError } from '../../instances/credentials.ts'
import { testInstance } from '../../instances/instance.fixture.ts'
import { hidesUsage } from '../observe/index.ts'
import { answerHead } from './answer-head.ts'
import { signIn } from './sign-in.ts'

test('a head says whether its body is a stream, how it is encoded and how long it is', () => {
  const plain = answerHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': '12' })
  assert.deepEqual([plain.isEventStream, plain.encoding, plain.bodyBytes], [false, null, 12])
  const stream = answerHead(200, { 'content-type': ['Text/Event-Stream', 'x'], 'content-encoding': ' Identity ' })
  assert.deepEqual([stream.isEventStream, stream.encoding, stream.bodyBytes], [true, null, Number.NaN])
  const encoded = answerHead(500, { 'content-encoding': 'gzip' })
  assert.deepEqual([encoded.isEventStream, encoded.encoding, encoded.contentType], [false, 'gzip', null])
})

// A body that becomes shorter than its announced length breaks the connection.
test('usage is hidden only where the body may become shorter', () => {
  const type = { 'content-type': 'text/event-stream' }
  const length = { 'content-length': '99' }
  assert.equal(hidesUsage(answerHead(200, { ...type, ...length }), true), true, 'the length of a stream is left out')
  assert.equal(hidesUsage(answerHead(200, type), false), false)
  assert.equal(hidesUsage(answerHead(200, { ...type, 'content-encoding': 'gzip' }), true), false)
  assert.equal(hidesUsage(answerHead(200, { 'content-type': 'application/json', ...length }), true), false)
  assert.equal(hidesUsage(answerHead(200, { 'content-type': 'application/json' }), true), true)
})

test('a credential that cannot be had becomes a refusal, and any other error stays what it is', async () => {
  const instance = testInstance('east')
  assert.deepEqual(signIn(instance, ''), { name: 'api-key', value: 'a-key-that-is-long-enough' })
  const failing = (error: Error) => ({
    ...instance,
    credential: { ...instance.credential, header: () => Promise.reject(error) },
  })
  const cause = new CredentialError('the service did not answer')
  await assert.rejects(async () => signIn(failing(cause), ''), { code: 'credential_unavailable', cause })
  await assert.rejects(async () => signIn(failing(new TypeError('a bug')), ''), TypeError)
})
