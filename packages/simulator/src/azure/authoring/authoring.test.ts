import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import OpenAI, { toFile } from 'openai'
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import { ask, call, chatPath, deployments, frames, lastLine, simulator } from '../testkit.fixture.ts'

async function instance(t: TestContext) {
  const named = { ...deployments, 'sora-2': { model: 'sora-2' } }
  const sim = await simulator(t, { deployments: named })
  return { sim, client: new OpenAI({ baseURL: `${sim.url}/openai/v1`, apiKey: 'none', maxRetries: 0 }) }
}

const messages = [{ role: 'user' as const, content: 'Hello' }]
const text = (bytes: string, name: string) => toFile(Buffer.from(bytes), name)

test('C8 an upload in parts becomes a file, in the order that the call names', async t => {
  const { client } = await instance(t)
  const ask = { bytes: 11, filename: 'a.jsonl', mime_type: 'application/jsonl', purpose: 'batch' as const }
  const upload = await client.uploads.create(ask)
  const add = async (part: string) =>
    (await client.uploads.parts.create(upload.id, { data: await text(part, 'part') })).id
  const [second, first] = [await add(' world'), await add('hello')]
  const short = client.uploads.complete(upload.id, { part_ids: [first] })
  await assert.rejects(short, { status: 400 })
  const done = await client.uploads.complete(upload.id, { part_ids: [first, second] })
  assert.equal(done.status, 'completed')
  assert.equal(await (await client.files.content(done.file?.id ?? '')).text(), 'hello world')
  await assert.rejects(client.uploads.cancel(upload.id), { status: 400 })
  const other = await client.uploads.create({ ...ask, filename: 'b.jsonl' })
  assert.equal((await client.uploads.cancel(other.id)).status, 'cancelled')
  await assert.rejects(client.uploads.cancel('upload_none'), { status: 404 })
})

test('S13 a chat that is to be stored can be listed, read, described and deleted; others cannot', async t => {
  const { sim, client } = await instance(t)
  const { completions } = client.chat
  const stored = await completions.create({ model: 'gpt-4o', messages, store: true, metadata: { topic: 'a' } })
  await completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Not this one' }] })
  assert.deepEqual(
    (await completions.list()).data.map(each => each.id),
    [stored.id],
  )
  const read = await completions.retrieve(stored.id)
  assert.equal(read.choices[0]?.message.content, stored.choices[0]?.message.content)
  const line = await lastLine(sim)
  assert.deepEqual([line.promptTokens, line.completionTokens], [0, 0], 'reading is free')
  const said = (await completions.messages.list(stored.id)).data
  assert.deepEqual(
    said.map(each => [each.role, each.content]),
    [['user', 'Hello']],
  )
  const updated: { metadata?: unknown } = await completions.update(stored.id, { metadata: { topic: 'b' } })
  assert.deepEqual(updated.metadata, { topic: 'b' })
  assert.equal((await completions.delete(stored.id)).deleted, true)
  await assert.rejects(completions.retrieve(stored.id), { status: 404 })
})

test('C8 fine-tuning jobs are made, run, paused, cancelled and deleted', async t => {
  const { client } = await instance(t)
  const { jobs } = client.fineTuning
  const file = await client.files.create({ file: await text('{"messages":[]}\n', 'a.jsonl'), purpose: 'fine-tune' })
  const begin = (suffix: string) => jobs.create({ model: 'gpt-4o', training_file: file.id, suffix })
  const job = await begin('one')
  const seen: string[] = []
  for (let looks = 0; looks < 3; looks += 1) seen.push((await jobs.retrieve(job.id)).status)
  assert.deepEqual(seen, ['pending', 'running', 'succeeded'])
  assert.match((await jobs.retrieve(job.id)).fine_tuned_model ?? '', /^gpt-4o\.ft-[0-9a-f]{16}-one$/)
  await assert.rejects(jobs.cancel(job.id), { status: 400 })
  const other = await begin('two')
  assert.deepEqual(
    [(await jobs.pause(other.id)).status, (await jobs.resume(other.id)).status, (await jobs.cancel(other.id)).status],
    ['paused', 'running', 'cancelled'],
  )
  assert.equal((await jobs.list()).data.length, 2)
  assert.equal((await jobs.listEvents(job.id)).data.length, 1)
  assert.deepEqual((await jobs.checkpoints.list(job.id)).data, [])
  await client.delete(`/fine_tuning/jobs/${job.id}`)
  await assert.rejects(jobs.retrieve(job.id), { status: 404 })
  await assert.rejects(jobs.create({ model: 'gpt-4o', training_file: 'file-none' }), { status: 400 })
})

test('C8 evaluations have runs, and a run names the deployment that answers', async t => {
  const { client } = await instance(t)
  const made = await client.evals.create({
    name: 'short answers',
    data_source_config: { type: 'custom', item_schema: { type: 'object', properties: {} } },
    testing_criteria: [{ type: 'string_check', name: 'same', input: '{{item.a}}', reference: 'a', operation: 'eq' }],
  })
  const begin = (model: string) =>
    client.evals.runs.create(made.id, {
      name: model,
      data_source: { type: 'completions', model, source: { type: 'file_id', id: 'file-1' } },
    })
  const run = await begin('gpt-4o')
  const place = { eval_id: made.id }
  assert.equal((await client.evals.runs.retrieve(run.id, place)).status, 'queued')
  assert.equal((await client.evals.runs.retrieve(run.id, place)).status, 'completed')
  await assert.rejects(begin('secret-model'), { status: 404, code: 'DeploymentNotFound' })
  const other = await begin('thinker')
  assert.equal((await client.evals.runs.cancel(other.id, place)).status, 'canceled')
  assert.equal((await client.evals.runs.list(made.id)).data.length, 2)
  assert.equal((await client.evals.update(made.id, { name: 'new' })).name, 'new')
  assert.equal((await client.evals.list()).data.length, 1)
  await client.evals.runs.delete(run.id, place)
  await client.evals.delete(made.id)
  await assert.rejects(client.evals.retrieve(made.id), { status: 404 })
})

test('a finished evaluation run has one output item for each item that it brought along', async t => {
  const { client } = await instance(t)
  const made = await client.evals.create({
    name: 'short answers',
    data_source_config: { type: 'custom', item_schema: { type: 'object', properties: {} } },
    testing_criteria: [{ type: 'string_check', name: 'same', input: '{{item.a}}', reference: 'a', operation: 'eq' }],
  })
  const content = [{ item: { a: 'a' } }, { item: { a: 'b' } }]
  const run = await client.evals.runs.create(made.id, {
    data_source: { type: 'jsonl', source: { type: 'file_content', content } },
  })
  const place = { eval_id: made.id, run_id: run.id }
  assert.deepEqual((await client.evals.runs.outputItems.list(run.id, { eval_id: made.id })).data, [])
  await client.evals.runs.retrieve(run.id, place)
  assert.equal((await client.evals.runs.retrieve(run.id, place)).result_counts.passed, 2)
  const { data } = await client.evals.runs.outputItems.list(run.id, { eval_id: made.id })
  assert.deepEqual(
    data.map(each => each.datasource_item),
    content.map(each => each.item),
  )
  const [first] = data
  assert.ok(first)
  assert.deepEqual(await client.evals.runs.outputItems.retrieve(first.id, place), first)
  await assert.rejects(client.evals.runs.outputItems.retrieve('outputitem_none', place), { status: 404 })
})

test('C8 a deployment makes videos, which can be fetched when they are ready, remixed and deleted', async t => {
  const { sim, client } = await instance(t)
  const video = await client.videos.create({ model: 'sora-2', prompt: 'A quiet harbour', seconds: '8' })
  assert.deepEqual([video.status, video.seconds, video.size], ['queued', '8', '720x1280'])
  assert.equal((await lastLine(sim)).deployment, 'sora-2')
  await assert.rejects(client.videos.downloadContent(video.id), { status: 400 })
  assert.equal((await client.videos.retrieve(video.id)).status, 'in_progress')
  assert.equal((await client.videos.retrieve(video.id)).status, 'completed')
  const content = await client.videos.downloadContent(video.id)
  assert.equal(content.headers.get('content-type'), 'video/mp4')
  assert.equal(Buffer.from(await content.arrayBuffer()).toString('latin1', 4, 8), 'ftyp')
  const remix = await client.videos.remix(video.id, { prompt: 'At night' })
  assert.deepEqual([remix.remixed_from_video_id, remix.seconds], [video.id, '8'])
  assert.equal((await client.videos.list()).data.length, 2)
  await client.videos.delete(video.id)
  await assert.rejects(client.videos.retrieve(video.id), { status: 404 })
  await assert.rejects(client.videos.create({ model: 'gpt-4o', prompt: 'x' }), { code: 'OperationNotSupported' })
})

const search = (parameters: JsonRecord): JsonRecord => ({
  data_sources: [{ type: 'azure_search', parameters: { index_name: 'handbook', ...parameters } }],
})

test('S13 a chat on your data cites its sources, whole and streamed, and bills the deployment that embeds', async t => {
  const { sim } = await instance(t)
  const dependency = (deployment_name: string) =>
    search({ embedding_dependency: { type: 'deployment_name', deployment_name } })
  const body = ask('How long is parental leave?', dependency('text-embedding-3-small'))
  const whole = await call(sim, chatPath(), body)
  const [choice] = listOf(whole.json.choices)
  assert.ok(isRecord(choice) && isRecord(choice.message) && isRecord(choice.message.context))
  const { citations, intent } = choice.message.context
  assert.deepEqual([whole.json.object, choice.message.end_turn], ['extensions.chat.completion', true])
  assert.deepEqual([listOf(citations).length, intent], [1, '["How long is parental leave?"]'])
  const { tools } = await lastLine(sim)
  assert.deepEqual(tools, [{ deployment: 'text-embedding-3-small', promptTokens: 6, completionTokens: 0 }])
  const streamed = frames((await call(sim, chatPath(), { ...body, stream: true })).text).filter(isRecord)
  const contexts = streamed
    .flatMap(each =>
      listOf(each.choices)
        .filter(isRecord)
        .map(each => each.delta),
    )
    .filter(isRecord)
  assert.deepEqual(contexts[0]?.context, choice.message.context)
  assert.equal((await call(sim, chatPath(), ask('x', dependency('secret')))).status, 404)
  assert.equal((await call(sim, chatPath(), ask('x', { data_sources: [{ type: 'azure_search' }] }))).status, 400)
})
