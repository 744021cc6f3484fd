import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testInstance, testPool } from '../../../instances/instance.fixture.ts'
import { candidatesFor } from '../../../instances/pool.ts'
import { imageDeploymentField } from '../../../wire/backends.ts'
import { callOf } from '../../exchange.fixture.ts'
import { Refusal } from '../../refusals.ts'
import { type ReceivedRequest, requestWithoutBody } from '../4-receive/request.ts'
import { suitedTo } from './suited.ts'

const azure = testInstance('azure')
const other = testInstance('other', ['gpt-4o'], { kind: 'openai' })
const mixed = testPool([{ instance: azure }, { instance: other }])
const onlyOther = testPool([{ instance: other }])

/** Names of the members that may get a call with this body. */
function suited(body: unknown, headers: Readonly<Record<string, string>> = {}, target = mixed, before = ''): string[] {
  const candidates = candidatesFor(target, 'gpt-4o')
  assert.ok(candidates)
  const send = Buffer.from(before + JSON.stringify(body))
  const request: ReceivedRequest = { ...requestWithoutBody('gpt-4o', []), send }
  return suitedTo(candidates, { call: callOf({ headers }), request }, target).all.map(({ instance }) => instance.name)
}

test('a call that every kind of backend takes may go to every member', () => {
  assert.deepEqual(suited({ model: 'gpt-4o', messages: [] }), ['azure', 'other'])
  assert.deepEqual(suited({ model: 'gpt-4o', metadata: { data_sources: 'a word' } }), ['azure', 'other'])
  assert.deepEqual(suited({ model: 'gpt-4o' }, {}, onlyOther), ['other'])
})

// Nearly every call: it must cost no more than a look at its members.
test('a call that brings nothing special gets the same candidates back', () => {
  const candidates = candidatesFor(mixed, 'gpt-4o')
  assert.ok(candidates)
  const request: ReceivedRequest = { ...requestWithoutBody('gpt-4o', []), send: Buffer.from('{"model":"gpt-4o"}') }
  assert.equal(suitedTo(candidates, { call: callOf({}), request }, mixed), candidates)
})

test('a call with something that only Azure OpenAI has goes only to its instances', () => {
  for (const member of ['data_sources', 'dataSources', 'user_security_context', 'input_blob', 'output_folder']) {
    assert.deepEqual(suited({ model: 'gpt-4o', [member]: [] }), ['azure'], member)
  }
  assert.deepEqual(suited({ model: 'gpt-4o' }, { [imageDeploymentField]: 'painter' }), ['azure'])
  assert.deepEqual(suited({ input_blob: 'https://x' }, {}, mixed, '\r\n '), ['azure'], 'JSON may begin with spaces')
})

test('a call that no member can take is refused with the part that is in the way', () => {
  assert.throws(
    () => suited({ model: 'gpt-4o', data_sources: [] }, {}, onlyOther),
    error => {
      assert.ok(error instanceof Refusal)
      assert.deepEqual([error.code, error.param], ['call_unsuited', 'data_sources'])
      assert.match(error.message, /data_sources.*"main".*OpenAI/)
      return true
    },
  )
})
