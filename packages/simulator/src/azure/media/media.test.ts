import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import OpenAI, { toFile } from 'openai'
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import type { AzureSimulatorOptions, BillLine } from '../../types.ts'
import { call, deployments, lastLine, simulator } from '../testkit.fixture.ts'

const named = { ...deployments, 'gpt-5': { model: 'gpt-5' }, other: { model: 'gpt-image-1' } }

async function instance(t: TestContext, options: Partial<AzureSimulatorOptions> = {}) {
  const sim = await simulator(t, { deployments: named, ...options })
  return { sim, client: new OpenAI({ baseURL: `${sim.url}/openai/v1`, apiKey: 'none', maxRetries: 0 }) }
}

/** The JSON of the `data:` lines of a stream. */
const events = (text: string): JsonRecord[] =>
  text
    .split('\n')
    .filter(line => line.startsWith('data: '))
    .map(line => JSON.parse(line.slice(6)) as JsonRecord)

const cost = ({ promptTokens, completionTokens }: BillLine): number[] => [promptTokens, completionTokens]

// Usage that follows megabytes is still usage; a gateway that keeps only whole events in memory loses it.
test('F6 S13 a stream of a picture has events of megabytes, and the usage after the last', async t => {
  const { sim, client } = await instance(t, { pictureBytes: 4_000_000 })
  const ask = { model: 'gpt-image-1', prompt: 'A quiet harbour', partial_images: 2, quality: 'low' as const }
  const stream = await client.images.generate({ ...ask, stream: true })
  const seen: unknown[] = []
  for await (const event of stream) {
    const png = Buffer.from(event.b64_json, 'base64')
    assert.deepEqual([png.subarray(1, 4).toString(), png.readUInt32BE(16), png.length], ['PNG', 1024, 4_000_012])
    if (event.type === 'image_generation.partial_image') seen.push(event.partial_image_index)
    else seen.push(event.usage)
  }
  const usage = { input_tokens: 3, output_tokens: 272 + 200, total_tokens: 475 }
  assert.deepEqual(seen, [0, 1, { ...usage, input_tokens_details: { image_tokens: 0, text_tokens: 3 } }])
  assert.deepEqual(cost(await lastLine(sim)), [3, 472])
  const raw = await call(sim, '/v1/images/generations', { ...ask, stream: true })
  assert.match(raw.text.slice(-200), /"usage":\{[^}]*\{[^}]*\}[^}]*\}\}\n\n$/)
})

test('S13 pictures are edited in a stream too, and a whole picture names its size and quality', async t => {
  const { client, sim } = await instance(t)
  const image = await toFile(Buffer.from('no picture, but bytes'), 'a.png', { type: 'image/png' })
  const edit = await client.images.edit({
    model: 'gpt-image-1',
    prompt: 'Boats',
    image,
    stream: true,
    partial_images: 1,
  })
  const types: string[] = []
  for await (const event of edit) types.push(event.type)
  assert.deepEqual(types, ['image_edit.partial_image', 'image_edit.completed'])
  const { output_format, quality, size } = await client.images.generate({ model: 'gpt-image-1', prompt: 'Boats' })
  assert.deepEqual([output_format, quality, size], ['png', 'medium', '1024x1024'])
  const { status } = await call(sim, '/v1/images/generations', {
    model: 'gpt-image-1',
    prompt: 'x',
    stream: true,
    n: 2,
  })
  assert.equal(status, 400)
})

test('S13 speech as events ends with its usage; the older voices have no events', async t => {
  const { sim } = await instance(t)
  const ask = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'Good morning to all of you', response_format: 'pcm' }
  const whole = await call(sim, '/v1/audio/speech', ask)
  const unreported = await lastLine(sim)
  const { text, headers } = await call(sim, '/v1/audio/speech', { ...ask, stream_format: 'sse' })
  assert.match(headers.get('content-type') ?? '', /^text\/event-stream/)
  const all = events(text)
  const sound = Buffer.concat(all.map(each => Buffer.from(String(each.audio ?? ''), 'base64')))
  assert.equal(sound.length, Number(whole.headers.get('content-length')))
  const { type, usage } = all.at(-1) ?? {}
  const line = await lastLine(sim)
  assert.ok(isRecord(usage) && type === 'speech.audio.done')
  assert.deepEqual([usage.input_tokens, usage.output_tokens], cost(line))
  assert.ok(line.completionTokens > 0 && line.usageReported)
  assert.deepEqual([cost(unreported), unreported.usageReported], [cost(line), false], 'sound alone costs the same')
  assert.equal((await call(sim, '/v1/audio/speech', { ...ask, model: 'voice', stream_format: 'sse' })).status, 400)
})

test('F9 S13 a transcription reports its sound under input_token_details', async t => {
  const { client } = await instance(t, { deployments: { ears: { model: 'gpt-4o-transcribe' } } })
  const file = await toFile(Buffer.alloc(64_000, 7), 'note.wav')
  const { usage } = await client.audio.transcriptions.create({ model: 'ears', file })
  assert.ok(usage?.type === 'tokens')
  assert.deepEqual(usage.input_token_details, { text_tokens: 0, audio_tokens: 20 })
})

test('C1 S13 the image tool draws on the deployment that the header or the tool names, and is billed there', async t => {
  const { sim, client } = await instance(t)
  const draw = async (tool: JsonRecord, headers: Record<string, string> = {}): Promise<unknown> => {
    const tools = [{ type: 'image_generation' as const, ...tool }]
    const made = await client.responses.create({ model: 'gpt-5', input: 'Draw a quiet harbour', tools }, { headers })
    const item = made.output.find(each => each.type === 'image_generation_call')
    assert.equal(
      Buffer.from(item?.result ?? '', 'base64')
        .subarray(1, 4)
        .toString(),
      'PNG',
    )
    const { promptTokens, completionTokens, tools: elsewhere } = await lastLine(sim)
    assert.deepEqual([promptTokens, completionTokens], [made.usage?.input_tokens, made.usage?.output_tokens])
    return elsewhere
  }
  const header = { 'x-ms-oai-image-generation-deployment': 'other' }
  const picture = { promptTokens: 4, completionTokens: 272 }
  assert.deepEqual(await draw({ quality: 'low' }), [{ deployment: 'gpt-image-1', ...picture }])
  assert.deepEqual(await draw({ quality: 'low', model: 'picture' }), [{ deployment: 'picture', ...picture }])
  assert.deepEqual(await draw({ quality: 'low', model: 'picture' }, header), [{ deployment: 'other', ...picture }])
  await assert.rejects(draw({ model: 'none' }), { status: 404, code: 'DeploymentNotFound' })
  await assert.rejects(draw({ model: 'gpt-4o' }), { status: 400, code: 'OperationNotSupported' })
})

test('F6 the picture of a response is in three events of its stream, before the usage', async t => {
  const { sim } = await instance(t, { pictureBytes: 1_000_000 })
  const tools = [{ type: 'image_generation', partial_images: 1 }]
  const { text } = await call(sim, '/v1/responses', { model: 'gpt-4o', input: 'Draw a harbour', tools, stream: true })
  const large = events(text).filter(each => JSON.stringify(each).length > 1_000_000)
  assert.deepEqual(
    large.map(each => each.type),
    ['response.image_generation_call.partial_image', 'response.output_item.done', 'response.completed'],
  )
})

// The code interpreter is called for the file that it makes.
test('C8 F20 the code interpreter makes a file in a container, and only this instance has it', async t => {
  const { client } = await instance(t)
  const { client: other } = await instance(t, { name: 'two' })
  const tools = [{ type: 'code_interpreter' as const, container: { type: 'auto' as const } }]
  const include = ['code_interpreter_call.outputs' as const]
  const ask = { model: 'gpt-4o', input: 'Calculate the steps in python', tools, include }
  const stream = client.responses.stream(ask)
  const types = new Set<string>()
  for await (const event of stream) types.add(event.type)
  assert.ok(
    types.has('response.code_interpreter_call_code.delta') && types.has('response.output_text.annotation.added'),
  )
  const { output } = await stream.finalResponse()
  const [ran, said] = output
  assert.ok(ran?.type === 'code_interpreter_call' && said?.type === 'message')
  assert.deepEqual(ran.outputs, [{ type: 'logs', logs: '57\n' }])
  const part = said.content[0]
  const cited = part?.type === 'output_text' ? part.annotations[0] : undefined
  assert.ok(part?.type === 'output_text' && cited?.type === 'container_file_citation')
  assert.equal(
    part.text.slice(cited.start_index, cited.end_index),
    '[Download result.csv](sandbox:/mnt/data/result.csv)',
  )
  assert.equal(cited.container_id, ran.container_id)
  const place = { container_id: cited.container_id }
  const content = await client.containers.files.content.retrieve(cited.file_id, place)
  assert.match(await content.text(), /^step,value\r\n/)
  const files = (await client.containers.files.list(cited.container_id)).data
  assert.deepEqual(
    files.map(file => [file.id, file.path, file.source]),
    [[cited.file_id, '/mnt/data/result.csv', 'assistant']],
  )
  await assert.rejects(other.containers.files.content.retrieve(cited.file_id, place), { status: 404 })
  const again = { ...ask, tools: [{ type: 'code_interpreter' as const, container: cited.container_id }] }
  assert.equal((await client.responses.create(again)).status, 'completed')
  await assert.rejects(other.responses.create(again), { status: 404 })
  const { id } = await client.conversations.create()
  await assert.rejects(other.responses.create({ model: 'gpt-4o', input: 'Hello', conversation: id }), { status: 404 })
})

test('C8 containers can be made, listed, filled, emptied and deleted, and expire when they are not used', async t => {
  let now = Date.UTC(2026, 10, 2)
  const { client } = await instance(t, { clock: () => now })
  const { id: fileId } = await client.files.create({
    file: await toFile(Buffer.from('a,b'), 'a.csv'),
    purpose: 'assistants',
  })
  const made = await client.containers.create({ name: 'mine', file_ids: [fileId] })
  assert.deepEqual([made.status, made.expires_after?.minutes], ['running', 20])
  const added = await client.containers.files.create(made.id, { file: await toFile(Buffer.from('hello'), 'b.txt') })
  assert.deepEqual([added.bytes, added.source], [5, 'user'])
  const paths = async (): Promise<string[]> => (await client.containers.files.list(made.id)).data.map(file => file.path)
  assert.deepEqual(await paths(), ['/mnt/data/b.txt', '/mnt/data/a.csv'])
  await client.containers.files.delete(added.id, { container_id: made.id })
  assert.deepEqual(await paths(), ['/mnt/data/a.csv'])
  assert.deepEqual(
    (await client.containers.list()).data.map(each => each.id),
    [made.id],
  )
  now += 20 * 60_000 + 1
  assert.equal((await client.containers.retrieve(made.id)).status, 'expired')
  await assert.rejects(paths(), { status: 400, message: /expired/ })
  await client.containers.delete(made.id)
  await assert.rejects(client.containers.retrieve(made.id), { status: 404 })
})

test('S13 responses/compact seals the conversation, and the instance can read it again', async t => {
  const { sim, client } = await instance(t)
  const { client: other } = await instance(t, { name: 'two' })
  const first = await client.responses.create({ model: 'gpt-5', input: 'Hello' })
  const compact = await client.responses.compact({ model: 'gpt-5', previous_response_id: first.id })
  assert.deepEqual(
    [compact.object, compact.output.map(item => item.type)],
    ['response.compaction', ['message', 'compaction']],
  )
  assert.deepEqual(cost(await lastLine(sim)), [compact.usage.input_tokens, compact.usage.output_tokens])
  const input = [...listOf(compact.output), { role: 'user', content: 'Go on' }]
  const next = { model: 'gpt-5', input: input as OpenAI.Responses.ResponseInput }
  assert.equal((await client.responses.create(next)).status, 'completed')
  await assert.rejects(other.responses.create(next), { code: 'invalid_encrypted_content' })
})

test('C11 responses/input_tokens counts what a call would read, without charge', async t => {
  const { sim, client } = await instance(t)
  const ask = { model: 'gpt-4o', input: 'How many words are in this question?', instructions: 'Be brief.' }
  const { input_tokens, object } = await client.responses.inputTokens.count(ask)
  assert.deepEqual([object, cost(await lastLine(sim))], ['response.input_tokens', [0, 0]])
  assert.equal((await client.responses.create(ask)).usage?.input_tokens, input_tokens)
})

test('S13 files with expires_after report when they expire, and are gone then', async t => {
  let now = Date.UTC(2026, 10, 2)
  const { client } = await instance(t, { clock: () => now })
  const file = await toFile(Buffer.from('hello'), 'a.txt')
  const upload = (seconds: number) =>
    client.files.create({ file, purpose: 'user_data', expires_after: { anchor: 'created_at', seconds } })
  const made = await upload(3_600)
  assert.equal(made.expires_at, made.created_at + 3_600)
  now += 3_599_000
  assert.equal((await client.files.retrieve(made.id)).id, made.id)
  now += 1_000
  await assert.rejects(client.files.retrieve(made.id), { status: 404 })
  assert.deepEqual((await client.files.list()).data, [])
  await assert.rejects(upload(60), { status: 400 })
})

test('S5 the content filter of Responses has its own answer', async t => {
  const { sim } = await instance(t)
  const headers = { 'x-simulator-fault': 'content-filter' }
  const refused = await call(sim, '/v1/responses', { model: 'gpt-4o', input: 'Hello' }, headers)
  assert.equal(refused.status, 400)
  const { message, ...rest } = refused.json.error as JsonRecord
  assert.deepEqual(rest, { type: 'invalid_request_error', param: null, code: 'content_filter' })
  assert.match(String(message), /Azure OpenAI\u2019s content management policy/)
  assert.match(refused.text, /^\{\n {2}"error": \{\n/)
  assert.equal(refused.headers.get('x-ms-rai-invoked'), null)
  assert.deepEqual(cost(await lastLine(sim)).map(Math.sign), [1, 0], 'the prompt is charged')
})
