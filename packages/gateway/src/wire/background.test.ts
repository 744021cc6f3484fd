import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asksForBackground, goesOn } from './background.ts'

const begun = { id: 'resp_1', object: 'response', status: 'queued', background: true, output: [] }
const event = (response: unknown): string =>
  `event: response.created\ndata: ${JSON.stringify({ type: 'response.created', response })}\n\n`

// A crash or a disconnect can come at any byte: the bytes before it must be enough.
test('F2 background work is recognised from the beginning of its answer, however little follows', () => {
  const whole = JSON.stringify(begun)
  for (const bytes of [whole, whole.slice(0, -1), whole.slice(0, whole.indexOf('"output"')), event(begun)]) {
    assert.equal(goesOn(Buffer.from(bytes)), 'resp_1', bytes)
  }
  const stream = event(begun)
  assert.equal(goesOn(Buffer.from(stream.slice(0, stream.indexOf('"output"')))), 'resp_1')
  assert.equal(goesOn(Buffer.from(`: ping\r\n\r\n${event(begun).replaceAll('\n', '\r\n')}`)), 'resp_1')
  assert.equal(goesOn(Buffer.from('{"id":"batch_1","object":"batch","status":"validating"')), 'batch_1')
})

test('work that ends with its connection, or has ended, is no background work', () => {
  const done = { ...begun, background: false, status: 'completed' }
  for (const answer of ['', 'no JSON', '{', JSON.stringify(done), event({ ...begun, background: false })]) {
    assert.equal(goesOn(Buffer.from(answer)), null, answer)
  }
})

test('a request for background work is recognised, whatever text it quotes', () => {
  assert.equal(asksForBackground(Buffer.from('{"model":"gpt-5","background":true}')), true)
  const quoting = JSON.stringify({ model: 'gpt-5', input: '"background":true', metadata: { background: true } })
  assert.equal(asksForBackground(Buffer.from(quoting)), false)
})
