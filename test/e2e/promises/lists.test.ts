/** Lists of objects: gathered from every member, only a workload's own objects, complete or refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenAI } from 'openai'
import { startBackend } from '../../support/backend.ts'
import { idsOf, ok, person } from '../../support/objects.ts'
import { recordOf, settledRecords } from '../../support/records.ts'
import { collect, eventually } from '../../support/wait.ts'
import { instanceKey, startWorld } from '../../support/world.ts'

const first = 'dev-openai-instance-1'
const second = 'dev-openai-instance-2'

test('a list shows the workload its own objects of all members, page by page, and nothing else', async t => {
  const own = await startWorld(t)
  const [a, aSecond, b] = [
    await person(own),
    await person(own, { target: second }),
    await person(own, { as: 'bob', workload: 'code-assistant' }),
  ]
  const made: string[] = []
  for (let i = 0; i < 7; i += 1) {
    for (const by of [a, aSecond]) made.push((await ok(by.call('POST', 'vector_stores', { name: `${i}` }))).id)
    for (let j = 0; j < 4; j += 1) await ok(b.call('POST', 'vector_stores', { name: `others ${i} ${j}` }))
  }
  const client = new OpenAI({
    baseURL: `${own.url}/main/hr-bot/openai/v1`,
    apiKey: await own.token('alice'),
    maxRetries: 0,
  })
  for (const limit of [1, 3, 100]) {
    const listed = await collect(client.vectorStores.list({ limit }))
    assert.deepEqual(listed.map(one => one.id).sort(), [...made].sort(), `pages of ${limit}`)
  }
  const page = await ok(a.call('GET', 'vector_stores?limit=3'))
  assert.deepEqual([idsOf(page).length, page.body['has_more'], page.body['last_id']], [3, true, idsOf(page)[2]])
  assert.deepEqual(idsOf(await ok(b.call('GET', 'files'))), [])
  const record = await recordOf(own.house.ledger, page.requestId)
  assert.deepEqual([record.outcome, record.status], ['completed', 200])
})

// Half a list looks like a whole one: a script that deletes everything that is not listed would delete the rest.
test('a list fails as a whole when a member does not answer or answers with an error', async t => {
  const own = await startWorld(t)
  const by = await person(own)
  await ok(by.upload('on the first'))
  await ok(by.call('GET', 'files'))
  const refused = await by.call('GET', `batches?after=${(await ok(by.upload('x'))).id}&limit=0`)
  assert.equal(refused.status, 200, 'an odd limit counts as the default')
  await own.two.close()
  const answer = await by.call('GET', 'files')
  assert.deepEqual([answer.status, answer.refusal], [502, 'backend_unreachable'])
  const record = await recordOf(own.house.ledger, answer.requestId)
  assert.deepEqual([record.outcome, record.outcomeCode], ['failed', 'backend_unreachable'])
  assert.deepEqual(
    record.attempts.map(each => [each.instance, each.status]),
    [
      [first, 200],
      [second, null],
    ],
  )
  const onFirst = await person(own, { target: first })
  assert.equal(idsOf(await ok(onFirst.call('GET', 'files'))).length, 2)
})

test('a client that disconnects while a list is gathered ends it, and the record states this', async t => {
  const backend = await startBackend(t)
  backend.answer = () => {}
  const own = await startWorld(t, {
    change: config => ({
      ...config,
      instances: Object.fromEntries(
        Object.entries(config.instances).map(([name, instance]) => [
          name,
          { ...instance, endpoint: backend.url, credential: { key: instanceKey } },
        ]),
      ),
    }),
  })
  const leaving = new AbortController()
  const headers = { authorization: `Bearer ${await own.token('alice')}` }
  const call = fetch(`${own.url}/main/hr-bot/openai/v1/files`, { headers, signal: leaving.signal })
  await eventually('the instance receives the call', () => backend.received[0] ?? null)
  leaving.abort()
  await assert.rejects(call)
  const [record] = await settledRecords(own.house)
  assert.deepEqual([record?.outcome, record?.operation], ['aborted', 'files'])
})
