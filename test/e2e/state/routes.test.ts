/** Routes whose objects live on the instance that made them: containers and their files, and what Azure has beside. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenAI } from 'openai'
import type { Received } from '../../support/backend.ts'
import { recordOf } from '../../support/records.ts'
import { answering, type JsonAnswer, startTwinBackends, type TwinBackends } from '../../support/twin-backends.ts'

const unknown: JsonAnswer = {
  status: 404,
  body: { error: { message: 'not here', type: null, param: null, code: null } },
}

/** A response that ran code: its container, and a file that is told by the citation alone. */
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

// The file is what the user waits for; on the wrong instance it is not found, and to others it must not exist.
test('F20 C8 a file of the code interpreter is fetched where it was made, by the workload that made it and by no other', async t => {
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
  assert.equal((await alice.call('GET', 'containers/cntr_1')).refusal, 'object_unknown', 'it was deleted')
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
  // A file by its id must be one's own: a form hides nothing.
  for (const file_id of ['file-of-nobody']) {
    await assert.rejects(alice.containers.files.create(own.id, { file_id }), { status: 404, code: 'object_unknown' })
  }
  await assert.rejects(alice.containers.retrieve('cntr_2'), { status: 404, code: 'object_unknown' })
})

// Read as a response of that name it was answered 405, and its model was not looked at.
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
