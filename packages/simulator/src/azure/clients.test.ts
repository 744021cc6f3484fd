import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import OpenAI, { AzureOpenAI, toFile } from 'openai'
import type { AzureSimulator } from '../types.ts'
import { frames, lastLine, raw, simulator, version } from './testkit.fixture.ts'

const question = 'Draft a short mail that moves our project meeting to Thursday.'

/** Both ways in which the official client reaches the service. */
async function clients(t: TestContext): Promise<{ sim: AzureSimulator; dated: AzureOpenAI; v1: OpenAI }> {
  const sim = await simulator(t, { keys: ['k-1'] })
  const dated = new AzureOpenAI({ endpoint: sim.url, apiKey: 'k-1', apiVersion: '2025-03-01-preview', maxRetries: 0 })
  const v1 = new OpenAI({ baseURL: `${sim.url}/openai/v1/`, apiKey: 'k-1', maxRetries: 0 })
  return { sim, dated, v1 }
}

const messages = [{ role: 'user' as const, content: question }]

// The purpose of the simulator: the official client must not notice the difference to Azure.
test('the official client chats over both APIs, streamed and not, and gets the same words', async t => {
  const { dated, v1 } = await clients(t)
  const whole = await dated.chat.completions.create({ model: 'gpt-4o', messages })
  const text = whole.choices[0]?.message.content
  assert.ok(text && text.length > 40)
  for (const client of [dated, v1]) {
    const stream = await client.chat.completions.create({
      model: 'gpt-4o',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let said = ''
    let total = 0
    for await (const chunk of stream) {
      said += chunk.choices[0]?.delta.content ?? ''
      total = chunk.usage?.total_tokens ?? total
    }
    assert.equal(said, text)
    assert.equal(total, whole.usage?.total_tokens)
  }
})

test('errors become the error classes of the client, and it retries as the headers say', async t => {
  const { sim, v1, dated } = await clients(t)
  await assert.rejects(v1.chat.completions.create({ model: 'none', messages }), {
    status: 404,
    code: 'DeploymentNotFound',
  })
  const wrong = new OpenAI({ baseURL: `${sim.url}/openai/v1/`, apiKey: 'wrong', maxRetries: 0 })
  await assert.rejects(wrong.models.list(), { status: 401 })
  const headers = { 'x-simulator-fault': '429;times=1;retry-after-ms=1' }
  sim.clearBill()
  await dated.withOptions({ maxRetries: 1 }).chat.completions.create({ model: 'gpt-4o', messages }, { headers })
  assert.deepEqual(
    sim.bill().map(line => line.status),
    [429, 200],
  )
})

test('completions take several prompts, echo, n and streaming', async t => {
  const { dated } = await clients(t)
  const two = await dated.completions.create({
    model: 'instruct',
    prompt: ['Payroll is', 'A purchase order is'],
    max_tokens: 12,
  })
  assert.equal(two.choices.length, 2)
  assert.ok((two.usage?.completion_tokens ?? 0) <= 24)
  const echoed = await dated.completions.create({ model: 'instruct', prompt: 'Payroll is', echo: true, max_tokens: 4 })
  assert.ok(echoed.choices[0]?.text.startsWith('Payroll is'))
  const stream = await dated.completions.create({
    model: 'instruct',
    prompt: 'Payroll is',
    max_tokens: 12,
    stream: true,
  })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.text ?? ''
  const whole = await dated.completions.create({ model: 'instruct', prompt: 'Payroll is', max_tokens: 12 })
  assert.equal(text, whole.choices[0]?.text)
})

// Search that is built on the simulator must find something: texts with common words are near, others far.
test('embeddings have neighbourhood, dimensions, base64 and usage without completion tokens', async t => {
  const { sim, dated, v1 } = await clients(t)
  const input = ['parental leave for fathers', 'leave for parents and fathers', 'customs declaration of steel pipes']
  const { data, usage } = await dated.embeddings.create({ model: 'text-embedding-3-small', input })
  const [a, b, c] = data.map(each => each.embedding)
  assert.ok(a && b && c)
  assert.equal(a.length, 1536)
  const near = (x: number[], y: number[]): number => x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0)
  assert.ok(Math.abs(near(a, a) - 1) < 1e-3)
  assert.ok(near(a, b) > near(a, c) + 0.2, `${near(a, b)} ${near(a, c)}`)
  assert.deepEqual(Object.keys(usage), ['prompt_tokens', 'total_tokens'])
  const short = await v1.embeddings.create({
    model: 'text-embedding-3-small',
    input: input[0] ?? '',
    dimensions: 64,
    encoding_format: 'float',
  })
  assert.equal(short.data[0]?.embedding.length, 64)
  const tokens = await v1.embeddings.create({
    model: 'text-embedding-3-small',
    input: [
      [1, 2, 3],
      [4, 5],
    ],
  })
  assert.deepEqual([tokens.data.length, tokens.usage.prompt_tokens], [2, 5])
  await assert.rejects(v1.embeddings.create({ model: 'text-embedding-ada-002', input: 'x', dimensions: 5 }), {
    status: 400,
  })
  assert.equal((await lastLine(sim)).completionTokens, 0)
})

// Conversations are kept on the instance; a client that continues one must be understood.
test('a response can be created, continued, read, listed and deleted; store=false keeps nothing', async t => {
  const { v1, dated, sim } = await clients(t)
  const first = await v1.responses.create({
    model: 'gpt-4o',
    input: 'My name is Ada. What is a purchase order?',
    instructions: 'Be brief.',
  })
  assert.ok(first.output_text.length > 20)
  assert.equal(first.usage?.total_tokens, (first.usage?.input_tokens ?? 0) + (first.usage?.output_tokens ?? 0))
  assert.equal((await lastLine(sim)).completionTokens, first.usage?.output_tokens)
  const next = await dated.responses.create({
    model: 'gpt-4o',
    input: 'And who signs it?',
    previous_response_id: first.id,
  })
  assert.ok((next.usage?.input_tokens ?? 0) > (first.usage?.input_tokens ?? 0))
  assert.equal((await v1.responses.retrieve(next.id)).output_text, next.output_text)
  const items = await v1.responses.inputItems.list(next.id)
  assert.deepEqual(
    items.data.map(item => ('role' in item ? item.role : item.type)),
    ['user', 'assistant', 'user'],
  )
  await v1.responses.delete(next.id)
  await assert.rejects(v1.responses.retrieve(next.id), { status: 404 })
  const loose = await v1.responses.create({ model: 'gpt-4o', input: 'Hello', store: false })
  await assert.rejects(v1.responses.retrieve(loose.id), { status: 404 })
  await assert.rejects(v1.responses.create({ model: 'gpt-4o', input: 'x', previous_response_id: 'resp_none' }), {
    code: 'previous_response_not_found',
  })
})

test('a streamed response has its events in order, with the text and usage of the whole one, tools, JSON and a cut at the limit', async t => {
  const { v1, sim } = await clients(t)
  const whole = await v1.responses.create({ model: 'gpt-4o', input: question })
  const types: string[] = []
  let text = ''
  for await (const event of await v1.responses.create({ model: 'gpt-4o', input: question, stream: true })) {
    types.push(event.type)
    assert.equal(event.sequence_number, types.length - 1)
    if (event.type === 'response.output_text.delta') text += event.delta
    if (event.type === 'response.completed') assert.deepEqual(event.response.usage, whole.usage)
  }
  assert.equal(text, whole.output_text)
  assert.deepEqual(types.slice(0, 4), [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
  ])
  assert.deepEqual(types.slice(-3), ['response.content_part.done', 'response.output_item.done', 'response.completed'])
  const line = await lastLine(sim)
  assert.deepEqual([line.completionTokens, line.usageReported], [whole.usage?.output_tokens, true])
  const tool = {
    type: 'function' as const,
    name: 'find_expert',
    description: 'Finds an expert by topic',
    strict: false,
    parameters: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] },
  }
  const called = await v1.responses.create({ model: 'gpt-4o', input: 'Find an expert on customs law.', tools: [tool] })
  const [call] = called.output
  assert.ok(call?.type === 'function_call' && call.name === 'find_expert')
  const answered = await v1.responses.create({
    model: 'gpt-4o',
    previous_response_id: called.id,
    tools: [tool],
    input: [{ type: 'function_call_output', call_id: call.call_id, output: '{"name":"Grace Hopper"}' }],
  })
  assert.match(answered.output_text, /Grace Hopper/)
  const cut = await v1.responses.create({ model: 'gpt-4o', input: 'How is payroll run?', max_output_tokens: 16 })
  assert.deepEqual(
    [cut.status, cut.incomplete_details?.reason, cut.usage?.output_tokens],
    ['incomplete', 'max_output_tokens', 16],
  )
  const thought = await v1.responses.create({ model: 'thinker', input: 'Hello', reasoning: { effort: 'low' } })
  assert.equal(thought.output[0]?.type, 'reasoning')
  assert.ok((thought.usage?.output_tokens_details.reasoning_tokens ?? 0) >= 64)
})

test('a response in the background is there when it is read; an error in mid-stream is an event', async t => {
  const { v1, sim } = await clients(t)
  const begun = await v1.responses.create({ model: 'gpt-4o', input: 'Hello', background: true })
  assert.equal(begun.status, 'queued')
  assert.equal((await v1.responses.retrieve(begun.id)).status, 'in_progress')
  assert.equal((await v1.responses.retrieve(begun.id)).status, 'completed')
  const headers = { 'x-simulator-fault': 'error-frame;after=5', 'api-key': 'k-1' }
  const broken = await raw(sim, '/v1/responses', { model: 'gpt-4o', input: 'Hello', stream: true }, headers)
  assert.match(broken.chunks.at(-1) ?? '', /^event: error\ndata: \{"type":"error"/)
})

test('files and batches can be uploaded, read, listed, run and deleted, and the answers fetched', async t => {
  const { v1, dated } = await clients(t)
  const body = { model: 'gpt-4o', messages }
  const lines = [
    JSON.stringify({ custom_id: 'a', method: 'POST', url: '/chat/completions', body }),
    JSON.stringify({ custom_id: 'b', method: 'POST', url: '/chat/completions', body: { ...body, model: 'none' } }),
  ].join('\n')
  const file = await dated.files.create({ file: await toFile(Buffer.from(lines), 'calls.jsonl'), purpose: 'batch' })
  assert.deepEqual(
    [file.bytes, file.filename, file.purpose, file.status],
    [Buffer.byteLength(lines), 'calls.jsonl', 'batch', 'processed'],
  )
  assert.equal(await (await v1.files.content(file.id)).text(), lines)
  assert.deepEqual(
    (await v1.files.list()).data.map(each => each.id),
    [file.id],
  )
  let batch = await v1.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  assert.equal(batch.status, 'validating')
  while (batch.status !== 'completed') batch = await v1.batches.retrieve(batch.id)
  assert.deepEqual(batch.request_counts, { total: 2, completed: 1, failed: 1 })
  const output = await (await v1.files.content(batch.output_file_id ?? '')).text()
  const answered = JSON.parse(output.trim())
  assert.equal(answered.custom_id, 'a')
  const direct = await v1.chat.completions.create(body)
  assert.equal(answered.response.body.choices[0].message.content, direct.choices[0]?.message.content)
  const errors = (await (await v1.files.content(batch.error_file_id ?? '')).text())
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    errors.map(each => each.response.status_code),
    [404],
  )
  assert.equal((await v1.batches.list()).data.length, 1)
  assert.equal((await dated.files.delete(file.id)).deleted, true)
  await assert.rejects(v1.files.retrieve(file.id), { status: 404 })
  await assert.rejects(
    v1.batches.create({ input_file_id: 'file-none', endpoint: '/v1/embeddings', completion_window: '24h' }),
    { status: 400 },
  )
})

test('models, pictures and sound are valid files in every form', async t => {
  const { sim, v1, dated } = await clients(t)
  assert.ok((await v1.models.list()).data.some(model => model.id === 'gpt-4o'))
  assert.equal((await dated.models.retrieve('gpt-4o')).id, 'gpt-4o')
  await assert.rejects(v1.models.retrieve('none'), { status: 404 })
  const drawn = await v1.images.generate({
    model: 'picture',
    prompt: 'A quiet harbour',
    size: '1024x1024',
    quality: 'low',
  })
  const png = Buffer.from(drawn.data?.[0]?.b64_json ?? '', 'base64')
  assert.equal(png.subarray(1, 4).toString(), 'PNG')
  assert.equal(png.readUInt32BE(16), 1024)
  assert.equal((await lastLine(sim)).completionTokens, drawn.usage?.output_tokens)
  const edited = await v1.images.edit({
    model: 'picture',
    prompt: 'More boats',
    image: await toFile(png, 'harbour.png', { type: 'image/png' }),
  })
  assert.ok(edited.data?.[0]?.b64_json)
  const spoken = await v1.audio.speech.create({
    model: 'voice',
    voice: 'alloy',
    input: 'Good morning',
    response_format: 'wav',
  })
  assert.equal(
    Buffer.from(await spoken.arrayBuffer())
      .subarray(0, 4)
      .toString(),
    'RIFF',
  )
  assert.equal(spoken.headers.get('content-type'), 'audio/wav')
  const wav = await toFile(Buffer.alloc(64_000, 7), 'note.wav')
  const transcribed = await dated.audio.transcriptions.create({ model: 'ears', file: wav })
  assert.ok(transcribed.text.length > 10)
  const verbose = await v1.audio.transcriptions.create({ model: 'ears', file: wav, response_format: 'verbose_json' })
  assert.deepEqual([verbose.text, verbose.duration], [transcribed.text, 2])
  const plain: unknown = await v1.audio.transcriptions.create({ model: 'ears', file: wav, response_format: 'text' })
  assert.equal(plain, `${transcribed.text}\n`)
})

test('pictures of dall-e come as URLs that can be fetched', async t => {
  const sim = await simulator(t, { deployments: { d: { model: 'dall-e-3' } } })
  const client = new AzureOpenAI({ endpoint: sim.url, apiKey: 'none', apiVersion: version })
  const { data } = await client.images.generate({ model: 'd', prompt: 'A lighthouse', size: '256x256' })
  const answer = await fetch(data?.[0]?.url ?? '')
  assert.equal(answer.headers.get('content-type'), 'image/png')
  assert.equal(Buffer.from(await answer.arrayBuffer()).readUInt32BE(20), 256)
  assert.equal((await fetch(`${sim.url}/_simulator/pictures/10x10-x.png`)).status, 404)
})

test('a recording beyond 25 MiB is refused with 413, and a streamed transcription ends with its usage', async t => {
  const sim = await simulator(t, { deployments: { ears: { model: 'gpt-4o-transcribe' } } })
  const client = new OpenAI({ baseURL: `${sim.url}/openai/v1`, apiKey: 'none', maxRetries: 0 })
  const large = await toFile(Buffer.alloc(26_214_401), 'long.wav')
  await assert.rejects(client.audio.transcriptions.create({ model: 'ears', file: large }), { status: 413 })
  const form = new FormData()
  form.set('file', new Blob([new Uint8Array(32_000)]), 'a.wav')
  form.set('model', 'ears')
  form.set('stream', 'true')
  const answer = await fetch(`${sim.url}/openai/v1/audio/transcriptions`, { method: 'POST', body: form })
  const all = frames(await answer.text())
  assert.equal(all.at(-1), '[DONE]')
  const line = await lastLine(sim)
  assert.deepEqual([line.stream, line.usageReported, line.promptTokens], [true, true, 10])
})
