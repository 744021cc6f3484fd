/**
 * P8: anything in a call that names a deployment, or chooses a policy of the resource, is either allowed for the
 * workload or not forwarded.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RefusalCode } from '../../../packages/gateway/src/gateway/refusals.ts'
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

test('H3 C1 the image deployment in a header is checked like `model`, recorded, and forwarded when allowed', async () => {
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

test('H3 headers that choose a policy, a caller or another call are not forwarded, like all unknown headers', async () => {
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

test('H3 gateway.forwardHeaders lets more headers pass', async t => {
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

const responses = (more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  model: 'gpt-4o',
  input: 'draw',
  ...more,
})
const image = (model: unknown): unknown => ({ type: 'image_generation', model })
const search = (parameters: Readonly<Record<string, unknown>>): unknown => [{ type: 'azure_search', parameters }]

async function refusedAll(
  world: NamedWorld,
  cases: readonly (readonly [string, unknown, RefusalCode])[],
): Promise<void> {
  for (const [path, body, code] of cases) {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await world.post(path, text)
    assert.equal(
      answer.headers['x-gatehouse-refusal'],
      code,
      `${path} ${text}: ${answer.status} ${answer.body.toString()}`,
    )
    assertRefusal(answer, code)
  }
  assert.deepEqual(world.taken(), [], 'nothing of these reached an instance')
}

// Azure runs a tool on the deployment that the tool names, with the gateway's credential.
test('C1 deployments of tools are checked like `model`, wherever a tool appears and however it is written', async () => {
  scene.taken()
  const code = 'deployment_not_allowed'
  await refusedAll(scene, [
    ['responses', responses({ tools: [image('secret-model')] }), code],
    ['responses', responses({ tools: [{ type: 'function', name: 'f' }, image('secret-model')] }), code],
    ['responses', responses({ tools: [{ type: 'code_interpreter', container: { model: 'secret-model' } }] }), code],
    ['responses', responses({ tools: [{ type: 'namespace', tools: [image('secret-model')] }] }), code],
    ['responses', responses({ tools: [[image('secret-model')]] }), code],
    ['responses', responses({ tools: image('secret-model') }), code],
    ['responses', responses({ tools: [image({ name: 'secret-model' })] }), code],
    ['responses', responses({ tools: [image('GPT-IMAGE-1')] }), code],
    ['responses', responses({ input: [{ type: 'tool_search_output', tools: [image('secret-model')] }] }), code],
    ['chat/completions', { ...chat, tools: [image('secret-model')] }, code],
    [
      'responses',
      '{"model":"gpt-4o","input":"x","tools":[{"type":"image_generation","mod\\u0065l":"secret-model"}]}',
      code,
    ],
    [
      'responses',
      '{"model":"gpt-4o","t\\u006fols":[{"type":"image_generation","model":"secret-model"}],"input":"x"}',
      code,
    ],
    [
      'responses',
      '{"model":"gpt-4o","input":"x","tools":[{"type":"image_generation","model":"gpt-image-1","model":"secret-model"}]}',
      'body_duplicate_key',
    ],
    ['responses', responses({ tools: [{ type: 'image_generation', Model: 'secret-model' }] }), 'body_key_spelling'],
    ['conversations', { items: [{ type: 'message', tools: [image('secret-model')] }] }, code],
  ])
})

test('C1 an allowed deployment of a tool passes under its name on the member and is recorded', async () => {
  const body =
    '{ "stream":true,"model":"gpt-4o", "tools" : [ {"type":"image_generation", "model" : "gpt-image-1"} ,{"type":"function","name":"f","parameters":{"properties":{"model":"secret-model"}}}],"input":[{"role":"user","content":"é"}] }'
  const answer = await scene.post('responses', body)
  assert.equal(answer.status, 200)
  const [got] = scene.taken()
  assert.equal(
    got?.body,
    body.replace('"gpt-image-1"', '"pictures-2"').replace('"model":"gpt-4o"', '"model":"gpt-4o-ptu"'),
  )
  const record = await recordOf(scene.world.house.ledger, answer.headers['x-gatehouse-request-id'])
  assert.deepEqual(record.toolDeployments, ['gpt-image-1'])

  const streamed = { ...chat, stream: true, tools: [image('gpt-image-1')] }
  assert.equal((await scene.post('chat/completions', streamed)).status, 200)
  const sent = JSON.parse(scene.taken()[0]?.body ?? '') as Readonly<Record<string, unknown>>
  const changed = {
    ...streamed,
    model: 'gpt-4o-ptu',
    tools: [image('pictures-2')],
    stream_options: { include_usage: true },
  }
  assert.deepEqual(sent, changed, 'also where the gateway requests usage')
})

test('W1 a reference to something outside of the resource is refused unless the workload allows it', async () => {
  const tool = (type: unknown, more: Readonly<Record<string, unknown>> = {}): unknown => ({
    tools: [{ type, ...more }],
  })
  const code = 'tool_not_allowed'
  await refusedAll(scene, [
    ...['mcp', 'web_search', 'web_search_preview', 'web_search_preview_2025_03_11', 'openapi', 'MCP', 'x'].map(
      type => ['responses', responses(tool(type) as object as Record<string, unknown>), code] as const,
    ),
    ['responses', responses({ tools: [{ server_url: 'https://evil.example' }] }), code],
    ['responses', responses({ tools: [{ type: ['mcp'] }] }), code],
    ['responses', responses({ tools: ['mcp'] }), code],
    ['responses', responses({ input: [{ type: 'tool_search_output', tools: [{ type: 'mcp' }] }] }), code],
    [
      'responses',
      responses({ tools: [{ type: 'code_interpreter', container: { network_policy: { type: 'allowlist' } } }] }),
      code,
    ],
    ['containers', { name: 'c', network_policy: { type: 'allowlist', allowed_domains: ['evil.example'] } }, code],
    ['chat/completions', { ...chat, web_search_options: {} }, code],
    ['chat/completions', { ...chat, data_sources: search({}) }, 'data_source_not_allowed'],
    ['chat/completions', { ...chat, dataSources: search({}) }, 'data_source_not_allowed'],
    [
      'batches',
      { endpoint: '/chat/completions', input_blob: { url: 'https://a.blob.core.windows.net/b/c' } },
      'data_source_not_allowed',
    ],
    ['responses', responses({ service_tier: 'priority' }), 'service_tier_not_allowed'],
    ['responses', responses({ service_tier: 'flex' }), 'service_tier_not_allowed'],
    ['chat/completions', { ...chat, service_tier: ['priority'] }, 'service_tier_not_allowed'],
    ['responses', responses({ prompt: { id: 'pmpt_1' } }), 'option_not_allowed'],
    ['responses', responses({ agent: { name: 'a', type: 'agent_reference' } }), 'option_not_allowed'],
    ['evals', {}, 'operation_not_allowed'],
    ['fine_tuning/jobs', {}, 'operation_not_allowed'],
  ])
  const harmless = [
    responses(tool('function', { name: 'f' }) as object as Record<string, unknown>),
    responses({
      tools: [{ type: 'code_interpreter', container: { type: 'auto', network_policy: { type: 'disabled' } } }],
    }),
    responses({ tools: null, prompt: null, service_tier: 'auto', background: false, store: false }),
  ]
  for (const body of harmless) assert.equal((await scene.post('responses', body)).status, 200, JSON.stringify(body))
  scene.taken()
})

test('W1 a workload can be allowed more, or less, than the default', async t => {
  const more = await startNamed(t, {
    workload: {
      tools: ['mcp', 'web_search'],
      dataSources: 'callerCredentials',
      serviceTiers: ['priority'],
      storedPrompts: 'allow',
      operations: ['responses', 'chat/completions', 'evals'],
    },
  })
  const key = { authentication: { type: 'api_key', key: 'k' }, index_name: 'i' }
  const embedding = (name: string): unknown =>
    search({ ...key, embedding_dependency: { type: 'deployment_name', deployment_name: name } })
  const identity = { authentication: { type: 'system_assigned_managed_identity' } }
  await refusedAll(more, [
    ['responses', responses({ tools: [{ type: 'function', name: 'f' }] }), 'tool_not_allowed'],
    ['responses', responses({ service_tier: 'auto' }), 'service_tier_not_allowed'],
    ['chat/completions', { ...chat, data_sources: embedding('secret-model') }, 'deployment_not_allowed'],
    ['chat/completions', { ...chat, data_sources: search(identity) }, 'data_source_not_allowed'],
    [
      'chat/completions',
      { ...chat, data_sources: search({ ...key, embedding_dependency: identity }) },
      'data_source_not_allowed',
    ],
    ['chat/completions', { ...chat, data_sources: search({}) }, 'data_source_not_allowed'],
    ['embeddings', { model: 'text-embedding-3-small', input: 'x' }, 'operation_not_allowed'],
    ['evals', { testing_criteria: [{ type: 'label_model', model: 'secret-model' }] }, 'deployment_not_allowed'],
    ['evals', { model: 'secret-model' }, 'deployment_not_allowed'],
  ])
  const passing: readonly (readonly [string, unknown])[] = [
    ['responses', responses({ tools: [{ type: 'mcp' }, { type: 'web_search_preview' }], service_tier: 'priority' })],
    ['responses', responses({ prompt: { id: 'pmpt_1' } })],
    ['chat/completions', { ...chat, data_sources: embedding('text-embedding-3-small') }],
    ['chat/completions', { ...chat, web_search_options: {} }],
    ['evals', { testing_criteria: [{ type: 'label_model', model: 'gpt-4o', input: [{ content: { model: 'any' } }] }] }],
  ]
  for (const [path, body] of passing) assert.equal((await more.post(path, body)).status, 200, JSON.stringify(body))

  const less = await startNamed(t, {
    workload: { background: 'refuse', store: 'refuse', outsideUrls: 'refuse', tools: [] },
  })
  const seen = (url: unknown): unknown => ({
    ...chat,
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: url }] }],
  })
  await refusedAll(less, [
    ['responses', responses({ background: true, store: false }), 'option_not_allowed'],
    ['responses', responses({ background: 'true', store: false }), 'option_not_allowed'],
    ['responses', responses({}), 'option_not_allowed'],
    ['responses', responses({ store: true }), 'option_not_allowed'],
    ['chat/completions', { ...chat, store: true }, 'option_not_allowed'],
    ['chat/completions', { ...chat, tools: [{ type: 'function', function: { name: 'f' } }] }, 'tool_not_allowed'],
    ['chat/completions', seen({ url: 'https://evil.example/a.png' }), 'outside_url_not_allowed'],
    ['chat/completions', seen({ url: ' HTTP://evil.example/a.png' }), 'outside_url_not_allowed'],
    ['chat/completions', seen({ url: `${' '.repeat(90)}https://evil.example/a.png` }), 'outside_url_not_allowed'],
    ['chat/completions', seen('//evil.example/a.png'), 'outside_url_not_allowed'],
    [
      'responses',
      responses({
        store: false,
        input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://e/x' }] }],
      }),
      'outside_url_not_allowed',
    ],
    [
      'responses',
      responses({ store: false, input: [{ type: 'function_call_output', output: [{ image_url: 'gs://e/x' }] }] }),
      'outside_url_not_allowed',
    ],
  ])
  assert.equal((await less.post('responses', responses({ store: false }))).status, 200)
  assert.equal((await less.post('chat/completions', seen({ url: 'data:image/png;base64,AAAA' }))).status, 200)
  assert.equal(
    (await less.post('chat/completions', { ...chat, metadata: { url: 'https://mine.example' } })).status,
    200,
  )
})

test('F17 the model of a form is sent by its name on the member, in every accepted spelling', async () => {
  scene.taken()
  const form = (head: string): string =>
    `--b\r\nContent-Disposition: form-data; name=file; filename=a.wav\r\n\r\nRIFF name=model\r\n--b\r\n${head}\r\n\r\ngpt-4o\r\n--b--\r\n`
  const type = [['Content-Type', 'multipart/form-data; boundary=b']] as const
  for (const head of [
    'Content-Disposition: form-data; name=model',
    'Content-Disposition: form-data; name="model"',
    'Content-Type: text/plain; charset=utf-8\r\ncontent-disposition: form-data; NAME=model',
  ]) {
    assert.equal((await scene.post('audio/transcriptions', form(head), type)).status, 200, head)
    assert.equal(scene.taken()[0]?.body, form(head).replace('\r\n\r\ngpt-4o\r\n', '\r\n\r\ngpt-4o-ptu\r\n'), head)
  }
  for (const head of [
    "Content-Disposition: form-data; name='model'",
    'Content-Disposition: form-data; name="model[]"',
  ]) {
    assertRefusal(await scene.post('audio/transcriptions', form(head), type), 'body_key_spelling')
  }
  const two = form(
    'Content-Disposition: form-data; name=model\r\n\r\ngpt-4o\r\n--b\r\nContent-Disposition: form-data; name="model"',
  )
  assertRefusal(await scene.post('audio/transcriptions', two, type), 'body_duplicate_key')
  assert.deepEqual(scene.taken(), [])
})

test('C13 a message lists whole names and says how many more there are', async t => {
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
