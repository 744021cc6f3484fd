/**
 * An instance of kind openai in a pool beside Azure OpenAI: the same call works on either, whatever form of address the
 * client uses, and is charged what the backend's own bill shows. Otherwise a team's calls would fail, or cost nothing,
 * on one of two members.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, chat, errorOf, type MixedWorld, startMixed } from '../support/mixed.ts'
import { openAIKey, refusing } from '../support/openai.ts'
import { recordOf, settledRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { apiVersion, ask } from '../support/world.ts'

const lastBody = ({ openai }: MixedWorld): Record<string, unknown> =>
  JSON.parse(openai.received.at(-1)?.body.toString() ?? '{}') as Record<string, unknown>

/** The record of the answer agrees with the stand-in's bill, token by token. */
async function assertBilled({ world, openai }: MixedWorld, answer: Answer): Promise<void> {
  const record = await recordOf(world.house.ledger, answer.id)
  const line = openai.bill.find(({ callId }) => callId === answer.id)
  assert.ok(line, 'the stand-in has billed the call')
  assert.equal(record.instance, 'direct')
  assert.deepEqual(
    [record.usage.source, record.usage.promptTokens, record.usage.completionTokens ?? 0],
    ['reported', line.promptTokens, line.completionTokens],
  )
}

test('a call in each form of address reaches OpenAI under /v1, with the model in the body and the exact usage in the record', async t => {
  const mixed = await startMixed(t)
  const body = { messages: ask('Is it so?') }
  for (const [path, sent] of [
    [chat, body],
    ['/openai/v1/chat/completions', { model: 'gpt-4o', ...body }],
    [chat, { model: 'another', ...body }],
  ] as const) {
    const answer = await mixed.post(path, sent)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(mixed.openai.received.at(-1)?.url, '/v1/chat/completions')
    assert.deepEqual(lastBody(mixed), { ...sent, model: 'gpt-4o' })
    await assertBilled(mixed, answer)
  }
  const embedded = await mixed.post('/openai/v1/embeddings', { model: 'text-embedding-3-small', input: 'x y z' })
  assert.equal(embedded.status, 200)
  await assertBilled(mixed, embedded)
  for (const stream of [false, true]) {
    const asked = { model: 'gpt-4o', input: 'Hello there', stream }
    const answered = await mixed.post(`/openai/responses?api-version=${apiVersion}`, asked)
    assert.equal(answered.status, 200)
    assert.equal(mixed.openai.received.at(-1)?.url, '/v1/responses')
    await assertBilled(mixed, answered)
    const completed = await mixed.post('/openai/v1/completions', { model: 'gpt-4o', prompt: 'Is it so?', stream })
    assert.equal(completed.status, 200)
    await assertBilled(mixed, completed)
  }
})

// Azure's older versions do not know stream_options; OpenAI has no versions.
test('a stream is charged by its reported usage in every API version, and the client does not see the usage', async t => {
  const mixed = await startMixed(t)
  for (const version of [apiVersion, '2024-06-01']) {
    const path = chat.replace(apiVersion, version)
    const answer = await mixed.post(path, { messages: ask('Is it so?'), stream: true })
    assert.equal(answer.status, 200)
    assert.ok(answer.text.includes('[DONE]'))
    assert.equal(answer.text.includes('usage'), false, version)
    await assertBilled(mixed, answer)
  }
})

test('an alias becomes the model of a JSON body and of a form', async t => {
  const mixed = await startMixed(t, {
    models: ['gpt-4o-2024-11-20', 'whisper-1'],
    aliases: { 'gpt-4o': 'gpt-4o-2024-11-20', ears: 'whisper-1' },
    change: config => {
      const openai = config.instances['direct']
      assert.ok(openai)
      const deployments = { 'gpt-4o-2024-11-20': { model: 'gpt-4o' }, 'whisper-1': { model: 'whisper' } }
      return { ...config, instances: { ...config.instances, direct: { ...openai, deployments } } }
    },
  })
  const answer = await mixed.post('/openai/v1/chat/completions', { model: 'gpt-4o', messages: ask('Hello') })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(lastBody(mixed)['model'], 'gpt-4o-2024-11-20')
  for (const model of [null, 'ears']) {
    const form = new FormData()
    form.set('file', new Blob(['RIFF----WAVE'], { type: 'audio/wav' }), 'a.wav')
    if (model !== null) form.set('model', model)
    const heard = await mixed.post(`/openai/deployments/ears/audio/transcriptions?api-version=${apiVersion}`, form)
    assert.equal(heard.status, 200, heard.text)
    assert.deepEqual(
      [mixed.openai.received.at(-1)?.url, mixed.openai.bill.at(-1)?.model],
      ['/v1/audio/transcriptions', 'whisper-1'],
    )
  }
  const record = await recordOf(mixed.world.house.ledger, answer.id)
  assert.deepEqual([record.deployment, record.servedDeployment], ['gpt-4o', 'gpt-4o-2024-11-20'])
})

test("P6 OpenAI gets the key as a Bearer token, and never the caller's token, organisation or project", async t => {
  const mixed = await startMixed(t)
  const headers = {
    'openai-organization': 'org-of-the-caller',
    'openai-project': 'proj-of-the-caller',
    'x-ms-date': 'now',
  }
  const answer = await mixed.post(chat, undefined, { headers })
  assert.equal(answer.status, 200)
  const sent = mixed.openai.received.at(-1)?.headers
  assert.equal(sent?.authorization, `Bearer ${openAIKey}`)
  for (const name of ['api-key', 'openai-organization', 'openai-project', 'x-ms-date'])
    assert.equal(sent?.[name], undefined, name)
  const wire = mixed.openai.received.map(
    one => `${one.url} ${JSON.stringify(one.headers)} ${one.body.toString('latin1')}`,
  )
  assert.ok(wire.join().includes(openAIKey) && wire.join().includes('Is it so?'), 'a leak would be found')
  assert.equal(wire.join().includes(mixed.token), false)
  for (const name of ['openai-organization', 'cf-ray', 'set-cookie']) assert.equal(answer.headers.get(name), null, name)
  assert.equal(answer.headers.get('x-request-id'), 'req_1')
  assert.equal((await recordOf(mixed.world.house.ledger, answer.id)).backendRequestId, 'req_1')
  mixed.openai.faults.push(refusing(401, {}, 'invalid_api_key'))
  const refused = await mixed.post(chat, undefined, { target: 'direct' })
  assert.equal(refused.headers.get('x-gatehouse-refusal'), 'credential_refused')
  const records = await settledRecords(mixed.world.house)
  assert.equal(JSON.stringify([records, answer.text, refused.text]).includes(openAIKey), false)
})

test('a call with data_sources goes to Azure OpenAI, and is refused with the reason where there is no such instance', async t => {
  const mixed = await startMixed(t, {
    change: config => {
      const hrBot = config.workloads['hr-bot']
      assert.ok(hrBot)
      return { ...config, workloads: { ...config.workloads, 'hr-bot': { ...hrBot, dataSources: 'allow' } } }
    },
  })
  const source = { type: 'azure_search', parameters: { endpoint: 'https://search.example', index_name: 'hr' } }
  // `dataSources` is the spelling of older versions.
  for (const member of ['data_sources', 'dataSources']) {
    const body = { messages: ask('Is it so?'), [member]: [source] }
    const answer = await mixed.post(chat, body)
    const record = await recordOf(mixed.world.house.ledger, answer.id)
    assert.equal(record.attempts[0]?.instance, 'dev-openai-instance-2', member)
    const alone = await mixed.post(chat, body, { target: 'direct' })
    assert.equal(alone.status, 400)
    assert.equal(errorOf(alone).code, 'call_unsuited')
    assert.match(errorOf(alone).message, new RegExp(`${member}.*"direct".*OpenAI`))
  }
  assert.equal(mixed.openai.received.length, 0)
})

test('a shadow copy is not sent to an instance that lacks something in the call', async t => {
  const mixed = await startMixed(t, {
    first: 'azure',
    change: config => {
      const hrBot = config.workloads['hr-bot']
      assert.ok(hrBot)
      const shadow = { 'gpt-4o': { deployment: 'gpt-4o', target: 'direct', percent: 100 } }
      return { ...config, workloads: { ...config.workloads, 'hr-bot': { ...hrBot, dataSources: 'allow', shadow } } }
    },
  })
  const source = { type: 'azure_search', parameters: { endpoint: 'https://search.example', index_name: 'hr' } }
  await mixed.post(chat, { messages: ask('Is it so?'), data_sources: [source] })
  assert.equal((await settledRecords(mixed.world.house)).length, 1)
  assert.equal(mixed.openai.received.length, 0)
  await mixed.post(chat)
  await eventually('the copy is recorded', async () =>
    (await settledRecords(mixed.world.house)).length === 3 ? true : null,
  )
  assert.equal(mixed.openai.bill.length, 1)
})

// Without the usage, the copy would be charged at what the gateway counts, which is not what its bill shows.
test('a shadow copy to OpenAI is charged by its reported usage, also of a call in a version without usage options', async t => {
  const mixed = await startMixed(t, {
    first: 'azure',
    change: config => {
      const hrBot = config.workloads['hr-bot']
      assert.ok(hrBot)
      const shadow = { 'gpt-4o': { deployment: 'gpt-4o', target: 'direct', percent: 100 } }
      return { ...config, workloads: { ...config.workloads, 'hr-bot': { ...hrBot, shadow } } }
    },
  })
  const body = { messages: ask('Is it so?'), stream: true }
  const answer = await mixed.post(chat.replace(apiVersion, '2024-06-01'), body, { target: 'dev-openai-instance-2' })
  assert.equal(answer.status, 200, answer.text)
  const copy = await eventually(
    'the copy is recorded',
    async () => (await settledRecords(mixed.world.house)).find(({ copyKind }) => copyKind === 'shadow') ?? null,
  )
  const [line] = mixed.openai.bill
  assert.deepEqual(
    [copy.usage.source, copy.usage.promptTokens, copy.usage.completionTokens],
    ['reported', line?.promptTokens, line?.completionTokens],
  )
  assert.equal(answer.text.includes('usage'), false)
})

// A file lives on one instance: a list that leaves a member out, or a read that asks the other one, loses it.
test('a file stored at OpenAI is read in both forms of address, and listed with the files of the other kind', async t => {
  const mixed = await startMixed(t)
  const form = new FormData()
  form.set('purpose', 'user_data')
  form.set('file', new Blob(['hello']), 'a.txt')
  const stored = await mixed.post(`/openai/files?api-version=${apiVersion}`, form)
  assert.equal(stored.status, 200, stored.text)
  const { id } = JSON.parse(stored.text) as { id: string }
  const elsewhere = await mixed.post('/openai/v1/files', form, { target: 'dev-openai-instance-2' })
  assert.equal(elsewhere.status, 200, elsewhere.text)
  const { id: other } = JSON.parse(elsewhere.text) as { id: string }
  const get = async (path: string): Promise<{ id?: string; data?: { id: string }[] }> => {
    const headers = { authorization: `Bearer ${mixed.token}` }
    const answer = await fetch(`${mixed.world.url}/mixed/hr-bot${path}`, { headers })
    assert.equal(answer.status, 200, path)
    return (await answer.json()) as { id?: string; data?: { id: string }[] }
  }
  assert.equal((await get(`/openai/v1/files/${id}`)).id, id)
  assert.equal((await get(`/openai/files/${id}?api-version=${apiVersion}`)).id, id)
  assert.equal(mixed.openai.received.at(-1)?.url, `/v1/files/${id}`)
  assert.deepEqual(
    (await get(`/openai/files?api-version=${apiVersion}`)).data?.map(file => file.id),
    [id, other],
  )
  assert.match(mixed.openai.received.at(-1)?.url ?? '', /^\/v1\/files(?:\?limit=\d+)?$/)
})

// An upload is read once, so it cannot be retried after a 404.
test('files go to the member that stores files, and are listed, where the first member does not offer them', async t => {
  const mixed = await startMixed(t, { flavour: 'vllm' })
  const ids: string[] = []
  for (const name of ['a.txt', 'b.txt']) {
    const form = new FormData()
    form.set('purpose', 'user_data')
    form.set('file', new Blob(['hello']), name)
    const stored = await mixed.post('/openai/v1/files', form)
    assert.equal(stored.status, 200, stored.text)
    ids.push((JSON.parse(stored.text) as { id: string }).id)
    const record = await recordOf(mixed.world.house.ledger, stored.id)
    assert.deepEqual([record.instance, record.attempts.length], ['dev-openai-instance-2', 1])
  }
  assert.deepEqual(
    mixed.openai.received.map(({ method, url }) => `${method} ${url}`),
    ['GET /v1/files?limit=1'],
    'what the member does not offer is remembered',
  )
  const headers = { authorization: `Bearer ${mixed.token}` }
  const answer = await fetch(`${mixed.world.url}/mixed/hr-bot/openai/v1/files`, { headers })
  const { data } = (await answer.json()) as { data: { id: string }[] }
  assert.deepEqual([answer.status, data.map(({ id }) => id).sort()], [200, ids.sort()])
  const form = new FormData()
  form.set('purpose', 'user_data')
  form.set('file', new Blob(['hello']), 'c.txt')
  const alone = await mixed.post('/openai/v1/files', form, { target: 'direct' })
  assert.deepEqual([alone.status, alone.text], [404, '{"detail":"Not Found"}'])
})

test('a limit counts what an instance of kind openai has used', async t => {
  const mixed = await startMixed(t, {
    change: config => {
      const openai = config.instances['direct']
      assert.ok(openai)
      const limited = { ...openai, limits: { tokensPerMinute: 40 } }
      return { ...config, instances: { ...config.instances, direct: limited } }
    },
  })
  const body = { messages: ask('Is it so?'), max_tokens: 10 }
  const instances: (string | null)[] = []
  for (let call = 0; call < 6; call += 1) {
    const answer = await mixed.post(chat, body)
    assert.equal(answer.status, 200, answer.text)
    instances.push((await recordOf(mixed.world.house.ledger, answer.id)).instance)
  }
  assert.equal(instances[0], 'direct')
  assert.equal(instances.at(-1), 'dev-openai-instance-2')
  const used = mixed.openai.bill.reduce((sum, line) => sum + line.promptTokens + line.completionTokens, 0)
  assert.ok(used <= 40, `${used} tokens`)
})

test('a probe lists the models with the key', async t => {
  const mixed = await startMixed(t)
  const result = await mixed.world.house.probe('direct')
  assert.deepEqual([result?.ok, result?.status], [true, 200])
  const { url, headers } = mixed.openai.received.at(-1) ?? {}
  assert.deepEqual([url, headers?.authorization], ['/v1/models', `Bearer ${openAIKey}`])
})
