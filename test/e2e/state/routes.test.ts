/**
 * Routes whose objects live on the instance that made them: containers and their files, and Azure's additional routes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenAI } from 'openai'
import type { Received } from '../../support/backend.ts'
import { recordOf } from '../../support/records.ts'
import { answering, type JsonAnswer, startTwinBackends, type TwinBackends } from '../../support/twin-backends.ts'
import { eventually } from '../../support/wait.ts'

const unknown: JsonAnswer = {
  status: 404,
  body: { error: { message: 'not here', type: null, param: null, code: null } },
}

/** A response that ran code: its container, and a file that appears only in the citation. */
const ranCode = {
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  model: 'gpt-4o',
  store: true,
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      content: [
        {
          type: 'output_text',
          text: 'See the chart.',
          annotations: [
            { type: 'container_file_citation', container_id: 'cntr_1', file_id: 'cfile_1', filename: 'a.png' },
          ],
        },
      ],
    },
  ],
  usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
}

function containerOf(request: Received): JsonAnswer {
  if (request.method === 'POST' && request.url.startsWith('/openai/v1/responses')) return { body: ranCode }
  if (!request.url.startsWith('/openai/v1/containers')) return unknown
  if (request.url.includes('/content')) return { body: { bytes: 'of the file' } }
  return { body: { id: 'cntr_1', object: 'container', data: [{ id: 'cfile_1' }] } }
}

async function startWithCode(twins: TwinBackends): Promise<void> {
  twins.up1.answer = answering(() => unknown)
  twins.up2.answer = answering(containerOf)
  const alice = await twins.as({ target: 'up2' })
  assert.equal((await alice.call('POST', 'responses', { model: 'gpt-4o', input: 'draw' })).status, 200)
  twins.called()
}

const looks = [
  'containers/cntr_1',
  'containers/cntr_1/files',
  'containers/cntr_1/files/cfile_1',
  'containers/cntr_1/files/cfile_1/content',
] as const

// The user waits for the file; on the wrong instance it is not found, and other workloads must not see it.
test('F20 C8 a file of the code interpreter is fetched where it was made, only by the workload that made it', async t => {
  const twins = await startTwinBackends(t)
  await startWithCode(twins)
  const [alice, bob] = [await twins.as(), await twins.as({ as: 'bob', workload: 'code-assistant' })]
  for (const path of looks) {
    for (let i = 0; i < 2; i += 1) assert.equal((await alice.call('GET', path)).status, 200, path)
    assert.deepEqual(twins.called(), ['up2', 'up2'], path)
    const refused = await bob.call('GET', path)
    assert.deepEqual([refused.status, refused.refusal], [404, 'object_unknown'], path)
    assert.deepEqual(twins.called(), [], path)
  }
  const other = await alice.call('GET', 'containers/cntr_2/files')
  assert.deepEqual([other.status, other.refusal], [404, 'object_unknown'])
  for (const path of ['containers/cntr_1/files/cfile_1', 'containers/cntr_1']) {
    assert.equal((await bob.call('DELETE', path)).refusal, 'object_unknown')
    assert.equal((await alice.call('DELETE', path)).status, 200)
  }
  assert.deepEqual(twins.called(), ['up2', 'up2'])
  // Known a moment after the client has its answer.
  await eventually('it is gone', async () =>
    (await alice.call('GET', 'containers/cntr_1')).refusal === 'object_unknown' ? true : null,
  )
})

test('F20 the container of a stream is known from the item that names it, before the response has ended', async t => {
  const twins = await startTwinBackends(t)
  twins.up1.answer = answering(() => unknown)
  twins.up2.answer = (request, response) => {
    if (request.method !== 'POST') {
      answering(containerOf)(request, response)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const say = (event: Record<string, unknown>): void => void response.write(`data: ${JSON.stringify(event)}\n\n`)
    say({ type: 'response.created', response: { id: 'resp_2', model: 'gpt-4o', status: 'in_progress', output: [] } })
    say({
      type: 'response.output_item.added',
      item: { id: 'ci_1', type: 'code_interpreter_call', container_id: 'cntr_1' },
    })
    say({
      type: 'response.output_text.annotation.added',
      annotation: { type: 'container_file_citation', container_id: 'cntr_2', file_id: 'cfile_2' },
    })
  }
  const alice = await twins.as({ target: 'up2' })
  const { url } = twins.world
  const leaving = new AbortController()
  const answer = await fetch(`${url}/up2/hr-bot/openai/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await twins.world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', input: 'draw', stream: true }),
    signal: leaving.signal,
  })
  const reader = answer.body?.getReader()
  let text = ''
  while (!text.includes('cfile_2')) text += Buffer.from((await reader?.read())?.value ?? []).toString()
  for (const id of ['cntr_1', 'cntr_2'])
    assert.equal((await alice.call('GET', `containers/${id}/files`)).status, 200, id)
  leaving.abort()
})

test('C8 containers are made, listed and filled with the openai client, each seeing its own', async t => {
  const twins = await startTwinBackends(t)
  twins.up2.answer = answering(() => ({ body: { object: 'list', data: [], has_more: false } }))
  const made: { id: string; object: string }[] = []
  twins.up1.answer = answering(({ method, url }) => {
    if (method === 'POST' && url === '/openai/v1/containers') {
      made.push({ id: `cntr_${made.length + 1}`, object: 'container' })
      return { body: made.at(-1) }
    }
    if (url.startsWith('/openai/v1/containers?')) return { body: { object: 'list', data: made, has_more: false } }
    return { body: { id: 'cfile_9', object: 'container.file' } }
  })
  const clientOf = async (as: string, workload: string): Promise<OpenAI> =>
    new OpenAI({
      baseURL: `${twins.world.url}/main/${workload}/openai/v1`,
      apiKey: await twins.world.token(as),
      maxRetries: 0,
    })
  const [alice, bob] = [await clientOf('alice', 'hr-bot'), await clientOf('bob', 'code-assistant')]
  const own = await alice.containers.create({ name: 'mine' })
  await bob.containers.create({ name: 'his' })
  const listed: string[] = []
  for await (const one of alice.containers.list()) listed.push(one.id)
  assert.deepEqual(listed, [own.id])
  const file = await alice.containers.files.create(own.id, { file: new File(['a,b'], 'a.csv') })
  assert.equal(file.id, 'cfile_9')
  assert.match(twins.up1.received.at(-1)?.body ?? '', /a,b/)
  // A file by its id must belong to the workload: a form hides nothing.
  for (const file_id of ['file-of-nobody']) {
    await assert.rejects(alice.containers.files.create(own.id, { file_id }), { status: 404, code: 'object_unknown' })
  }
  await assert.rejects(alice.containers.retrieve('cntr_2'), { status: 404, code: 'object_unknown' })
})

// When it was parsed as a response of that name it was answered 405, and its model was not checked.
test('C11 responses/input_tokens is an operation of its own, and other names below responses are no route', async t => {
  const twins = await startTwinBackends(t)
  for (const up of [twins.up1, twins.up2]) {
    up.answer = answering(() => ({ body: { object: 'response.input_tokens', input_tokens: 11 } }))
  }
  const alice = await twins.as()
  const counted = await alice.call('POST', 'responses/input_tokens', { model: 'gpt-5', input: 'Hello' })
  assert.deepEqual([counted.status, counted.body['input_tokens']], [200, 11])
  const record = await recordOf(twins.world.house.ledger, counted.requestId)
  assert.deepEqual(
    [record.operation, record.deployment, record.usage.source, record.cost],
    ['responses/input_tokens', 'gpt-5', 'none', null],
  )
  const other = await alice.call('POST', 'responses/input_tokens', { model: 'secret', input: 'Hello' })
  assert.equal(other.refusal, 'deployment_not_allowed')
  const hidden = await alice.call('POST', 'responses/input_tokens', {
    model: 'gpt-5',
    previous_response_id: 'resp_of_other',
  })
  assert.equal(hidden.refusal, 'object_unknown')
  twins.called()
  for (const [method, path] of [
    ['GET', 'responses/input_tokens'],
    ['GET', 'responses/anything'],
    ['DELETE', 'responses/compacted'],
    ['POST', 'responses/tokens/cancel'],
  ] as const) {
    const answer = await alice.call(method, path)
    assert.ok(['route_unknown', 'method_not_allowed'].includes(answer.refusal ?? ''), `${method} ${path}`)
  }
  assert.equal((await alice.call('GET', 'responses/anything')).refusal, 'route_unknown')
  assert.deepEqual(twins.called(), [])
})

const clientOf = async ({ world }: TwinBackends, as: string, workload: string, target = 'main'): Promise<OpenAI> =>
  new OpenAI({ baseURL: `${world.url}/${target}/${workload}/openai/v1`, apiKey: await world.token(as), maxRetries: 0 })

const refused = { status: 404, code: 'object_unknown' }
const emptyList: JsonAnswer = { body: { object: 'list', data: [], has_more: false } }

// A stored completion is another team's prompt and answer; with one shared credential an instance shows it to every
// workload.
test('C8 stored chat completions are found, listed, changed and deleted only by the workload that stored them, streamed or not', async t => {
  const twins = await startTwinBackends(t)
  const stored: { id: string; object: string }[] = []
  twins.up1.answer = (request, response) => {
    const { method, url, body } = request
    if (method === 'POST' && url === '/openai/v1/chat/completions') {
      const asked = JSON.parse(body) as { stream?: boolean; store?: boolean }
      const id = `chatcmpl-${twins.up1.received.length}`
      if (asked.store === true) stored.push({ id, object: 'chat.completion' })
      const answer = { id, model: 'gpt-4o', choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }] }
      if (asked.stream !== true) return answering(() => ({ body: answer }))(request, response)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"id":"","object":"","model":"","choices":[],"prompt_filter_results":[]}\n\n')
      response.end(
        `data: ${JSON.stringify({ id, model: 'gpt-4o', choices: [{ delta: { content: 'Hi' } }] })}\n\ndata: [DONE]\n\n`,
      )
      return
    }
    if (url.startsWith('/openai/v1/chat/completions?')) {
      return answering(() => ({ body: { object: 'list', data: stored, has_more: false } }))(request, response)
    }
    const one = stored.find(({ id }) => url.includes(id))
    answering(() =>
      one === undefined ? unknown : { body: { ...one, deleted: method === 'DELETE', data: [{ id: 'm' }] } },
    )(request, response)
  }
  twins.up2.answer = answering(() => emptyList)
  const [alice, bob] = [await clientOf(twins, 'alice', 'hr-bot'), await clientOf(twins, 'bob', 'code-assistant')]
  const ask = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Hello' }] }
  const own = await alice.chat.completions.create({ ...ask, store: true })
  const plain = await alice.chat.completions.create(ask)
  const streamed = await alice.chat.completions.create({ ...ask, store: true, stream: true })
  let streamedId = ''
  for await (const chunk of streamed) streamedId = chunk.id
  const his = await bob.chat.completions.create({ ...ask, store: true })
  const listed: string[] = []
  for await (const one of alice.chat.completions.list()) listed.push(one.id)
  assert.deepEqual(listed, [own.id, streamedId])
  assert.equal((await alice.chat.completions.retrieve(streamedId)).id, streamedId)
  assert.equal((await alice.chat.completions.update(own.id, { metadata: { a: 'b' } })).id, own.id)
  assert.equal((await alice.chat.completions.messages.list(own.id)).data[0]?.id, 'm')
  await assert.rejects(alice.chat.completions.retrieve(plain.id), refused, 'it was not stored')
  await assert.rejects(alice.chat.completions.retrieve(his.id), refused)
  await assert.rejects(alice.chat.completions.messages.list(his.id), refused)
  await assert.rejects(alice.chat.completions.delete(his.id), refused)
  assert.equal((await alice.chat.completions.delete(own.id)).deleted, true)
  await eventually('it is gone', () =>
    alice.chat.completions.retrieve(own.id).then(
      () => null,
      (error: { code?: string }) => (error.code === 'object_unknown' ? true : null),
    ),
  )
})

test('C8 an upload in parts becomes a file of the workload that began it, and never a batch file that was not checked', async t => {
  const twins = await startTwinBackends(t)
  twins.up2.answer = answering(() => unknown)
  twins.up1.answer = answering(({ url }) => {
    if (url === '/openai/v1/uploads') return { body: { id: 'upload_1', object: 'upload', status: 'pending' } }
    if (url.endsWith('/parts')) return { body: { id: 'part_1', object: 'upload.part' } }
    if (url.endsWith('/complete')) return { body: { id: 'upload_1', status: 'completed', file: { id: 'file-whole' } } }
    if (url.startsWith('/openai/v1/files/file-whole')) return { body: { id: 'file-whole', object: 'file' } }
    return { body: { id: 'upload_1', status: 'cancelled' } }
  })
  const [alice, bob] = [await clientOf(twins, 'alice', 'hr-bot'), await clientOf(twins, 'bob', 'code-assistant')]
  const about = { filename: 'a.jsonl', bytes: 3, mime_type: 'text/plain' }
  const upload = await alice.uploads.create({ ...about, purpose: 'fine-tune' })
  const part = await alice.uploads.parts.create(upload.id, { data: new File(['abc'], 'part') })
  await assert.rejects(bob.uploads.parts.create(upload.id, { data: new File(['abc'], 'part') }), refused)
  await assert.rejects(bob.uploads.complete(upload.id, { part_ids: [part.id] }), refused)
  const whole = await alice.uploads.complete(upload.id, { part_ids: [part.id] })
  assert.equal(whole.file?.id, 'file-whole')
  assert.equal((await alice.files.retrieve('file-whole')).id, 'file-whole')
  await assert.rejects(bob.files.retrieve('file-whole'), refused)
  assert.equal((await alice.uploads.cancel(upload.id)).id, 'upload_1')
  const before = twins.up1.received.length
  for (const purpose of ['batch', 'Batch'] as const) {
    await assert.rejects(alice.uploads.create({ ...about, purpose: purpose as 'batch' }), {
      status: 403,
      code: 'purpose_not_allowed',
    })
  }
  assert.equal(twins.up1.received.length, before)
})

// Jobs and evaluations cost money without tokens in any answer, and videos by the second: a workload must be configured
// for them.
test('C8 fine-tuning, evaluations and videos are refused unless the workload names them, then owned and recorded', async t => {
  const twins = await startTwinBackends(t, {
    deployments: ['gpt-4o', 'sora-2'],
    change: config => ({
      ...config,
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => [
          name,
          name === 'code-assistant'
            ? workload
            : { ...workload, operations: ['standard', 'fine_tuning', 'evals', 'videos'] },
        ]),
      ),
    }),
  })
  twins.up2.answer = answering(() => emptyList)
  twins.up1.answer = answering(({ method, url }) => {
    const [, , , family = ''] = url.split(/[/?]/)
    const id = { fine_tuning: 'ftjob-1', evals: 'eval_1', videos: 'video_1', files: 'file-1' }[family]
    const isList = method === 'GET' && /(jobs|evals|videos)(\?|$)/.test(url)
    return {
      body: isList ? { object: 'list', data: [{ id }, { id: 'of_others' }], has_more: false } : { id, object: family },
    }
  })
  const [alice, bob] = [await clientOf(twins, 'alice', 'hr-bot'), await clientOf(twins, 'bob', 'code-assistant')]
  const { id: training_file } = await alice.files.create({ purpose: 'fine-tune', file: new File(['{}'], 'a.jsonl') })
  const idsOf = async (list: AsyncIterable<{ id: string }>): Promise<string[]> => {
    const ids: string[] = []
    for await (const { id } of list) ids.push(id)
    return ids
  }
  const makes = {
    job: (by: OpenAI) => by.fineTuning.jobs.create({ model: 'gpt-4o', training_file }),
    evaluation: (by: OpenAI) => by.evals.create({ data_source_config: { type: 'logs' }, testing_criteria: [] }),
    video: (by: OpenAI) => by.videos.create({ model: 'sora-2', prompt: 'a cat' }),
  }
  for (const [what, make] of Object.entries(makes)) {
    assert.ok((await make(alice)).id, what)
    await assert.rejects(make(bob), { status: 403, code: 'operation_not_allowed' }, what)
  }
  assert.deepEqual(await idsOf(alice.fineTuning.jobs.list()), ['ftjob-1'])
  assert.deepEqual(await idsOf(alice.evals.list()), ['eval_1'])
  assert.deepEqual(await idsOf(alice.videos.list()), ['video_1'])
  assert.equal((await alice.fineTuning.jobs.cancel('ftjob-1')).id, 'ftjob-1')
  assert.equal((await alice.evals.runs.retrieve('run_1', { eval_id: 'eval_1' })).id, 'eval_1')
  assert.equal((await alice.evals.runs.cancel('run_1', { eval_id: 'eval_1' })).id, 'eval_1')
  assert.equal((await alice.videos.remix('video_1', { prompt: 'a dog' })).id, 'video_1')
  assert.ok((await (await alice.videos.downloadContent('video_1')).text()).length > 0)
  for (const foreign of [
    () => alice.fineTuning.jobs.retrieve('of_others'),
    () => alice.evals.runs.list('of_others'),
    () => alice.videos.delete('of_others'),
    () => alice.fineTuning.jobs.create({ model: 'gpt-4o', training_file: 'file-of-others' }),
    () => alice.fineTuning.jobs.create({ model: 'gpt-4o', training_file, validation_file: 'file-of-others' }),
    () =>
      alice.evals.runs.create('eval_1', {
        data_source: { type: 'jsonl', source: { type: 'file_id', id: 'file-of-others' } },
      }),
  ]) {
    await assert.rejects(foreign(), refused)
  }
  await assert.rejects(alice.videos.create({ model: 'dall-e', prompt: 'a cat' }), { code: 'deployment_not_allowed' })
  const { records } = await twins.world.house.ledger.list({ limit: 100 })
  const job = records.find(one => one.operation === 'fine_tuning/jobs' && one.objectId !== null)
  assert.deepEqual([job?.objectId, job?.usage.source, job?.cost], ['ftjob-1', 'none', null])
})

test('C8 a video from a form names its deployment there, and the deployment is authorised', async t => {
  const twins = await startTwinBackends(t, {
    deployments: ['sora-2'],
    change: config => ({
      ...config,
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => [name, { ...workload, operations: ['videos'] }]),
      ),
    }),
  })
  twins.up1.answer = answering(() => ({ body: { id: 'video_1', object: 'video' } }))
  const alice = await clientOf(twins, 'alice', 'hr-bot')
  const input_reference = new File(['x'], 'a.png', { type: 'image/png' })
  assert.equal((await alice.videos.create({ model: 'sora-2', prompt: 'a cat', input_reference })).id, 'video_1')
  await assert.rejects(alice.videos.create({ model: 'sora-3' as 'sora-2', prompt: 'a cat', input_reference }), {
    code: 'deployment_not_allowed',
  })
  await assert.rejects(alice.responses.create({ model: 'sora-2', input: 'x' }), { code: 'operation_not_allowed' })
})
