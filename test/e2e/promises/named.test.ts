/** P8: whatever in a call names a deployment, or chooses a policy of the resource, is allowed for the workload or does not arrive. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Running, running } from '../../support/file-world.ts'
import { type NamedWorld, startNamed } from '../../support/named.ts'
import { recordOf } from '../../support/records.ts'
import { assertRefusal, assertRefused, errorOf } from '../../support/refused.ts'
import { ask } from '../../support/world.ts'

let scene: NamedWorld & Running
before(async () => {
  scene = await running(scope =>
    startNamed(scope, { aliases: { 'gpt-image-1': 'pictures-2', 'gpt-4o': 'gpt-4o-ptu' } }),
  )
})
after(() => scene.close())

const chat = { model: 'gpt-4o', messages: ask('Hello') }
const imageField = 'x-ms-oai-image-generation-deployment'

test('H3 C1 the image deployment of a header field is checked like `model`, recorded, and passed on when allowed', async () => {
  for (const name of ['secret-model', 'gpt-4o, secret-model', 'GPT-IMAGE-1', '']) {
    const answer = await scene.post('responses', { model: 'gpt-4o', input: 'draw' }, [[imageField, name]])
    await assertRefused(scene.world.house.ledger, answer, 'deployment_not_allowed')
    assert.equal(errorOf(answer).param, imageField)
  }
  const twice = [
    [imageField, 'gpt-image-1'],
    [imageField.toUpperCase(), 'secret-model'],
  ] as const
  assertRefusal(await scene.post('chat/completions', chat, twice), 'deployment_not_allowed')
  assert.deepEqual(scene.taken(), [], 'nothing of these reached an instance')

  const allowed = await scene.post('responses', { model: 'gpt-4o', input: 'draw' }, [[imageField, 'gpt-image-1']])
  assert.equal(allowed.status, 200)
  const [got] = scene.taken()
  assert.equal(got?.headers[imageField], 'pictures-2', 'by its name on the member that serves')
  const record = await recordOf(scene.world.house.ledger, allowed.headers['x-gatehouse-request-id'])
  assert.deepEqual([record.deployment, record.toolDeployments], ['gpt-4o', ['gpt-image-1']])
})

test('H3 fields that choose a policy, a caller or another call stay behind, like all that nobody knows', async () => {
  const fields = [
    'X-Policy-Id',
    'X-HTTP-Method-Override',
    'X-Api-Key',
    'X-MS-Client-Principal',
    'True-Client-IP',
    'AzureML-Model-Deployment',
    'Extra-Parameters',
    'X-MS-Spillover-Deployment',
    'X-Anything',
    'OpenAI-Deployment',
    'Content-Policy-Id',
    'x_policy_id',
  ]
  const kept = [
    ['OpenAI-Beta', 'assistants=v2'],
    ['X-Stainless-Retry-Count', '1'],
    ['X-MS-Client-Request-Id', 'mine'],
    ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['aoai-evals', 'preview'],
    ['User-Agent', 'me/1'],
  ] as const
  scene.taken()
  const answer = await scene.post('chat/completions', chat, [...fields.map(name => [name, 'v'] as const), ...kept])
  assert.equal(answer.status, 200)
  const [got] = scene.taken()
  for (const name of fields) assert.equal(got?.headers[name.toLowerCase()], undefined, name)
  for (const [name, value] of kept) assert.equal(got?.headers[name.toLowerCase()], value, name)
})

test('H3 gateway.forwardHeaders lets further fields pass', async t => {
  const widened = await startNamed(t, { gateway: { forwardHeaders: ['X-Company-Team', 'x-policy-id'] } })
  const fields = [
    ['X-Company-Team', 'blue'],
    ['X-Policy-Id', 'mild'],
    ['X-Company', 'no'],
  ] as const
  assert.equal((await widened.post('chat/completions', chat, fields)).status, 200)
  const [got] = widened.taken()
  assert.deepEqual(
    [got?.headers['x-company-team'], got?.headers['x-policy-id'], got?.headers['x-company']],
    ['blue', 'mild', undefined],
  )
})

test('C13 a message lists whole names, and says how many more there are', async t => {
  const deployments = Array.from({ length: 20 }, (_, at) => `deployment-number-${at}`)
  const { post } = await startNamed(t, { deployments, workload: { deployments } })
  const missing = errorOf(await post('chat/completions', { messages: ask('Hello') }))
  const shown = /Name a deployment there: (.*), and (\d+) more\.$/.exec(missing.message)
  assert.ok(shown, missing.message)
  const names = shown[1]?.split(', ') ?? []
  assert.deepEqual(names, deployments.slice(0, names.length), 'whole names')
  assert.equal(names.length + Number(shown[2]), deployments.length)
  const { message } = errorOf(await scene.post('chat/completions', { ...chat, model: 'x'.repeat(500) }))
  assert.match(message, /"x{199}…"\. It may use: gpt-4o, gpt-image-1, text-embedding-3-small\.$/)
})
