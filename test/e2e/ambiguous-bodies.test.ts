/**
 * P8: what the gateway has checked is what the instance reads. A body that two parsers could read differently is
 * refused.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RefusalCode } from '../../packages/gateway/src/gateway/refusals.ts'
import { type Running, running } from '../support/file-world.ts'
import { type NamedWorld, startNamed } from '../support/named.ts'
import { assertRefusal, assertRefused, errorOf } from '../support/refused.ts'
import { ask } from '../support/world.ts'

let scene: NamedWorld & Running
before(async () => {
  scene = await running(scope => startNamed(scope))
})
after(() => scene.close())

const chat = { model: 'gpt-4o', messages: ask('Hello') }
const type = (value: string): readonly [string, string] => ['Content-Type', value]

test('L10 a body that a lenient parser reads differently is refused, wherever the ambiguity is', async () => {
  const bodies: readonly (readonly [string | Buffer, RefusalCode])[] = [
    ['{"model":"gpt-4o","x":[/*"*/],"model":"secret-model","messages":[],"y":[/*"*/]}', 'body_not_json'],
    [`{"model":"gpt-4o","x":['"'],"model":"secret-model","messages":[],"y":['"']}`, 'body_not_json'],
    ['{"model":"gpt-4o","messages":[],"x":[1,]}', 'body_not_json'],
    ['{"model":"gpt-4o","messages":[{"role":"user","content":"a\u0001b"}]}', 'body_not_json'],
    [Buffer.from('{"model":"gpt-4o","messages":[],"user":"\xff"}', 'latin1'), 'body_not_json'],
    ['{"model":"gpt-4o","messages":[],"model":"secret-model"}', 'body_duplicate_key'],
    ['{"model":"gpt-4o","messages":[],"Model":"secret-model"}', 'body_key_spelling'],
    ['{"model":"gpt-4o","messages":[],"STREAM":true}', 'body_key_spelling'],
    ['{"model":"gpt-4o","messages":[],"\\u004dodel":"secret-model"}', 'body_key_spelling'],
  ]
  for (const [body, code] of bodies) {
    await assertRefused(scene.world.house.ledger, await scene.post('chat/completions', body), code)
  }
  const stored = await scene.post('vector_stores', '{"name":"a","x":[/*"*/]}')
  assertRefusal(stored, 'body_not_json')
  assert.deepEqual(scene.taken(), [], 'nothing of these reached an instance')
})

test('L10 a JSON operation takes JSON in UTF-8, with a single Content-Type', async () => {
  for (const said of [
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/jsonp',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=utf-7',
    'application/json; charset="utf-8',
    'application/json, text/plain',
    '',
  ]) {
    const answer = await scene.post('chat/completions', chat, [type(said)])
    assertRefusal(answer, 'body_type')
    assert.equal(errorOf(answer).param, 'content-type')
  }
  const twice = await scene.post('chat/completions', chat, [type('application/json'), type('multipart/form-data')])
  assertRefusal(twice, 'request_malformed')
  assert.deepEqual(scene.taken(), [])
  for (const said of [
    'application/json',
    'Application/JSON;charset=UTF-8',
    'application/vnd.me+json; v=1',
    'application/json;',
  ]) {
    const answer = await scene.post('chat/completions', chat, [type(said)])
    assert.equal(answer.status, 200, said)
    assert.equal(scene.taken()[0]?.headers['content-type'], said)
  }
})

test('L10 a form needs a single Content-Type with a single boundary', async () => {
  const form = '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o\r\n--x--\r\n'
  for (const path of ['audio/transcriptions', 'files']) {
    for (const said of [
      'multipart/form-data',
      'multipart/mixed; boundary=x',
      'multipart/form-data; boundary=x; boundary=y',
      'multipart/form-data; boundary=x; BOUNDARY=x',
      `multipart/form-data; boundary=${'x'.repeat(71)}`,
      'multipart/form-data; boundary=""',
      'application/json',
    ]) {
      assertRefusal(await scene.post(path, form, [type(said)]), 'body_type')
    }
    const twice = [type('multipart/form-data; boundary=x'), type('multipart/form-data; boundary=y')]
    assertRefusal(await scene.post(path, form, twice), 'request_malformed')
  }
  const packed = [type('multipart/form-data; boundary=x'), ['Content-Encoding', 'gzip']] as const
  assertRefusal(await scene.post('files', form, packed), 'body_encoding')
  assert.deepEqual(scene.taken(), [])
})
