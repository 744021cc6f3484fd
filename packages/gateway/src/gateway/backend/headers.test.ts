import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backends } from '../../wire/backends.ts'
import { compileForwards, neverForwarded } from '../../wire/request-fields.ts'
import { requestHeaders, responseHeaders } from './headers.ts'

const backend = backends['azure-openai']
const plain = {
  forwards: compileForwards(['x-a', 'x-b', 'x-private']),
  ...{ backend, decoded: false, imageDeployment: null, traceparent: null },
}
const credential = { name: 'api-key', value: 'key-of-the-instance' }
const own = ['accept-encoding', 'identity', 'api-key', 'key-of-the-instance', 'x-gatehouse-request-id', 'id-1']

const pairs = (flat: readonly string[]): [string, string][] =>
  flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as [string, string]] : []))

// A field that is passed by mistake is a credential in another company's log, or a host that the caller chose.
test('fields of the connection, of credentials and of the way to the gateway are not passed to the backend', () => {
  const raw = [
    ...['Host', 'a', 'Connection', 'keep-alive', 'Keep-Alive', 'timeout=5', 'TE', 'trailers', 'Trailer', 'x'],
    ...['Transfer-Encoding', 'chunked', 'Upgrade', 'h2c', 'Proxy-Authorization', 'Basic x', 'Proxy-Connection', 'x'],
    ...['Authorization', 'Bearer a.b.c', 'API-Key', 'a.b.c', 'Cookie', 'a=b', 'Expect', '100-continue'],
    ...['Content-Length', '5', 'Accept-Encoding', 'gzip', 'X-Forwarded-Host', 'evil', 'Forwarded', 'host=evil'],
    ...['X-Original-URL', '/x', 'x-ms-spillover-deployment', 'gpt-5', 'X-Gatehouse-Request-Id', 'mine'],
  ]
  assert.deepEqual(requestHeaders(raw, credential, 'id-1', plain), own)
})

test('harmless and listed fields are passed as they came, in their order and repeated', () => {
  const raw = [
    'X-A',
    '1',
    'Content-Type',
    'application/json',
    'x-a',
    '2',
    'User-Agent',
    'me',
    'Content-Encoding',
    'gzip',
  ]
  const kept = ['x-a', '1', 'content-type', 'application/json', 'x-a', '2', 'user-agent', 'me']
  assert.deepEqual(requestHeaders(raw, credential, 'id-1', plain), [...kept, 'content-encoding', 'gzip', ...own])
  assert.deepEqual(
    requestHeaders(raw, credential, 'id-1', { ...plain, decoded: true }),
    [...kept, ...own],
    'a body that was unpacked says so',
  )
})

test('a span of the gateway takes the place of the caller’s as the parent, and tracestate passes as it came', () => {
  const raw = ['Traceparent', 'of-the-caller', 'tracestate', 'vendor=1', 'TraceState', 'other=2']
  const state = ['tracestate', 'vendor=1', 'tracestate', 'other=2']
  const sent = (traceparent: string | null) => requestHeaders(raw, credential, 'id-1', { ...plain, traceparent })
  assert.deepEqual(sent(null), ['traceparent', 'of-the-caller', ...state, ...own])
  assert.deepEqual(sent('of-the-gateway'), ['traceparent', 'of-the-gateway', ...state, ...own])
})

// RFC 9110 section 7.6.1. A client that names the gateway's own fields would send its call on without a credential.
test('fields that Connection names are removed from the client’s fields only', () => {
  const raw = [
    'X-Private',
    '1',
    'Connection',
    'close, X-Private, api-key, x-gatehouse-request-id, accept-encoding',
    'X-B',
    '2',
  ]
  assert.deepEqual(requestHeaders(raw, credential, 'id-1', plain), ['x-b', '2', ...own])
})

test('whatever a client sends, the instance gets exactly one credential: the gateway’s', () => {
  const name = fc.oneof(
    fc.constantFrom('Authorization', 'api-key', 'API-KEY', 'Connection', 'Cookie', 'X-Other'),
    fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/),
  )
  const value = fc.oneof(
    fc.constantFrom('api-key, authorization', 'close, api-key'),
    fc.stringMatching(/^[ -~]{0,30}$/),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fields => {
      const sent = pairs(requestHeaders(fields.flat(), credential, 'id-1', plain))
      const credentials = sent.filter(([one]) => one === 'authorization' || one === 'api-key')
      assert.deepEqual(credentials, [['api-key', 'key-of-the-instance']])
      assert.equal(sent.filter(([one]) => one === 'x-gatehouse-request-id').length, 1)
    }),
  )
})

// x-policy-id chose another content filter, and x-ms-oai-image-generation-deployment another deployment, both with the
// gateway's credential.
test('H3 a field that is neither harmless nor listed is never passed, whatever its name', () => {
  const forwards = compileForwards([])
  const choosing = fc.constantFrom('deployment', 'policy-id', 'authorization', 'api-key', 'model', 'cookie', 'override')
  const name = fc.oneof(
    fc
      .tuple(fc.constantFrom('x-ms-', 'x-', 'openai-', 'content-', 'x-stainless-', 'azureml-', ''), choosing)
      .map(([a, b]) => a + b),
    fc.stringMatching(/^x-[a-z0-9-]{1,24}$/),
    fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,24}$/),
  )
  const allowed = /^(content-|openai-|x-stainless-)[^ ]*$/
  const named = new Set(['accept', 'date', 'range', 'prefer', 'traceparent', 'tracestate', 'user-agent', 'aoai-evals'])
  fc.assert(
    fc.property(fc.array(name, { maxLength: 20 }), fc.func(fc.boolean()), (names, upper) => {
      const raw = names.flatMap(one => [upper(one) ? one.toUpperCase() : one, 'v'])
      const sent = pairs(requestHeaders(raw, credential, 'id-1', { ...plain, forwards })).slice(0, -3)
      for (const [one] of sent) {
        assert.ok(allowed.test(one) || named.has(one), one)
        assert.equal(neverForwarded(one), null, one)
        assert.ok(!/deployment|policy|auth|key|model|cookie|override/.test(one), one)
      }
    }),
  )
})

test('H3 fields that a list cannot allow are not passed, even when they are listed', () => {
  const never = [
    'authorization',
    'x-ms-spillover-deployment',
    'x-http-method-override',
    'x-forwarded-host',
    'host',
    'te',
  ]
  const forwards = compileForwards([...never, 'x-company-team'])
  for (const name of never) {
    assert.equal(forwards(backend)(name), false, name)
    assert.notEqual(neverForwarded(name), null, name)
  }
  assert.equal(forwards(backend)('x-company-team'), true)
})

test('fields of an answer are passed to the client except those of the connection; repeated ones stay repeated', () => {
  const headers = {
    'content-type': 'application/json',
    'content-length': '5',
    connection: 'keep-alive, x-hop',
    'x-hop': '1',
    'keep-alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    'alt-svc': 'h3=":443"',
    'x-repeated': ['a=1', 'b=2'],
    'retry-after-ms': '500',
    'x-gatehouse-request-id': 'forged by the back end',
  }
  const kept = ['x-repeated', 'a=1', 'x-repeated', 'b=2', 'retry-after-ms', '500', 'x-gatehouse-request-id', 'id-1']
  const type = ['content-type', 'application/json']
  assert.deepEqual(responseHeaders(headers, 'id-1', false), [...type, 'content-length', '5', ...kept])
  assert.deepEqual(responseHeaders(headers, 'id-1', true), [...type, ...kept], 'no length for a body that changes')
})

// With two figures for what is left, a client would follow the wrong one: all callers share the instance's.
test('where the gateway says how much is left, the fields of the instance about that are not passed', () => {
  const limits = ['x-ratelimit-limit-tokens', '1000', 'x-ratelimit-remaining-tokens', '600']
  const answer = {
    'content-type': 'application/json',
    'x-ratelimit-limit-tokens': '500000',
    'x-ratelimit-remaining-requests': '4999',
    'x-ratelimit-renewalperiod-tokens': '60',
    'x-request-id': 'r-1',
  }
  const rest = ['content-type', 'application/json', 'x-request-id', 'r-1', 'x-gatehouse-request-id', 'id-1']
  assert.deepEqual(responseHeaders(answer, 'id-1', false, [...limits]), [...limits, ...rest])
  const told = responseHeaders(answer, 'id-1', false, ['x-gatehouse-limits', 'allow'])
  assert.ok(told.includes('x-ratelimit-remaining-requests'), 'the state of the store replaces nothing')
  assert.equal(responseHeaders(answer, 'id-1', false).length, 12)
})
