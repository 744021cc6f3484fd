/**
 * Background responses and batches continue after the call that began them. They are charged once, with what they used,
 * whichever client polls and even if none does: otherwise work that is started but never fetched through the gateway
 * would have an unlimited budget.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chargedOf, leaveAt, startBackground } from '../../support/background.ts'
import { eventually } from '../../support/wait.ts'

const plan = { model: 'gpt-5', background: true, input: 'Plan a week in Lisbon' }

interface CreatedObject {
  readonly id: string
}

async function begin(by: Awaited<ReturnType<typeof startBackground>>, body: unknown = plan): Promise<string> {
  const answer = await by.sends('POST', 'responses', body)
  assert.equal(answer.status, 200, await answer.clone().text())
  return ((await answer.json()) as CreatedObject).id
}

async function beginAndLeave(by: Awaited<ReturnType<typeof startBackground>>): Promise<string> {
  const text = await leaveAt(await by.sends('POST', 'responses', { ...plan, stream: true }), 'the castle')
  return /"id":"(resp_\d+)"/.exec(text)?.[1] ?? assert.fail(text)
}

for (const [shape, path] of [
  ['JSON', ''],
  ['a stream', '?stream=true&starting_after=0'],
] as const) {
  test(`F2 a background response whose stream the client leaves is charged with ${shape} that shows its end`, async t => {
    const by = await startBackground(t)
    const id = await beginAndLeave(by)
    const [created] = await eventually('the record of the creation', async () => {
      const records = await by.records()
      return records.length === 1 ? records : null
    })
    assert.deepEqual([created?.outcome, created?.usage.source, created?.usage.totalTokens], ['aborted', 'owed', null])
    by.finish(id)
    for (let i = 0; i < 2; i += 1) await (await by.sends('GET', `responses/${id}${path}`)).text()
    const records = await by.records()
    const usages = records.map(({ usage }) => [usage.source, usage.promptTokens, usage.completionTokens])
    assert.deepEqual(usages, [
      ['none', null, null],
      ['reported', 12, 317],
      ['owed', null, null],
    ])
    assert.equal(records[1]?.deployment, 'gpt-5')
    by.time.ms += 3_600_000
    const later = await begin(by)
    await by.untilPolled(later, 1)
    assert.equal(by.polls(id), 0, 'no more polls after the charge')
  })
}

test('F2 H2 when no client polls, the gateway polls with growing pauses, and charges once', async t => {
  const by = await startBackground(t)
  const id = await beginAndLeave(by)
  await by.untilPolled(id, 3)
  const records = await by.records()
  assert.equal(chargedOf(records), 0)
  by.finish(id)
  await by.untilPolled(id, 4)
  const settled = await eventually('the charge', async () => {
    const all = await by.records()
    return all.find(({ usage }) => usage.source === 'reported') ?? null
  })
  const created = (await by.records()).at(-1)
  assert.deepEqual(
    [settled.copyKind, settled.copyOf, settled.workload, settled.callerObjectId, settled.deployment],
    ['follow_up', created?.id, 'w', created?.callerObjectId, 'gpt-5'],
  )
  assert.deepEqual([settled.usage.promptTokens, settled.usage.completionTokens], [12, 317])
  await (await by.sends('GET', `responses/${id}`)).text()
  assert.equal(chargedOf(await by.records()), 329)
})

test('H2 items of a conversation show the answers, and every answer is still charged', async t => {
  const by = await startBackground(t)
  const ids: string[] = []
  for (let i = 0; i < 10; i += 1) ids.push(await begin(by))
  for (const id of ids) by.finish(id, { input: 7, output: 100 })
  const text = await (await by.sends('GET', 'conversations/conv_1/items')).text()
  assert.match(text, /object_unknown|list/)
  for (const id of ids) await by.untilPolled(id, 1)
  const charged = await eventually('all charges', async () => {
    const sum = chargedOf(await by.records())
    return sum >= 1_070 ? sum : null
  })
  assert.equal(charged, 1_070)
})

test('H2 what background calls may need stays reserved until their end is known: a budget stops them', async t => {
  const by = await startBackground(t, {
    change: config => ({
      ...config,
      workloads: { w: { ...config.workloads['w'], limits: { tokensPerDay: 3_000 } } } as typeof config.workloads,
    }),
  })
  const statuses: number[] = []
  for (let i = 0; i < 30; i += 1) {
    const answer = await by.sends('POST', 'responses', { ...plan, max_output_tokens: 1_000 })
    statuses.push(answer.status)
    await answer.text()
  }
  assert.deepEqual([statuses.filter(status => status === 200).length, statuses.at(-1)], [2, 429])
  const before = await by.standing('tokensPerDay')
  assert.ok(before.reserved >= 2_000 && before.used === 0, JSON.stringify(before))
  for (const id of ['resp_1', 'resp_2']) by.finish(id, { input: 10, output: 40 })
  for (const id of ['resp_1', 'resp_2']) await by.untilPolled(id, 1)
  const after = await eventually('the charges', async () => {
    const standing = await by.standing('tokensPerDay')
    return standing.reserved === 0 ? standing : null
  })
  assert.equal(after.used, 100)
  assert.equal((await by.sends('POST', 'responses', { ...plan, max_output_tokens: 1_000 })).status, 200)
})

test('H2 a GET stream that is left before its end leaves the charge open, and the gateway follows up', async t => {
  const by = await startBackground(t)
  const id = await begin(by)
  await leaveAt(await by.sends('GET', `responses/${id}?stream=true`), 'the castle')
  by.finish(id, { input: 5, output: 1_000 })
  await by.untilPolled(id, 1)
  const charged = await eventually('the charge', async () => {
    const sum = chargedOf(await by.records())
    return sum > 0 ? sum : null
  })
  assert.equal(charged, 1_005)
})

test('H2 a batch that no client reads is charged at the batch price', async t => {
  const by = await startBackground(t, {
    change: config => ({
      ...config,
      objects: { unknown: 'allow' },
      prices: { models: { 'gpt-5': { input: 1, output: 2 } } },
    }),
  })
  const id = await (async () => {
    const answer = await by.sends('POST', 'batches', { input_file_id: 'file-1', endpoint: '/chat/completions' })
    assert.equal(answer.status, 200, await answer.clone().text())
    return ((await answer.json()) as CreatedObject).id
  })()
  by.finish(id, { input: 1_000_000, output: 0 })
  await by.untilPolled(id, 1)
  const settled = await eventually('the charge', async () => {
    const all = await by.records()
    return all.find(({ usage }) => usage.source === 'reported') ?? null
  })
  assert.deepEqual([settled.operation, settled.cost?.nano], ['batches/{id}', 500_000_000])
})

test('H2 the gateway polls a response that no client has read before it is deleted', async t => {
  const by = await startBackground(t)
  const id = await begin(by)
  by.finish(id)
  assert.equal((await by.sends('DELETE', `responses/${id}`)).status, 200)
  const records = await by.records()
  const seen = records.map(({ copyKind, method, usage }) => [method, copyKind, usage.source, usage.totalTokens])
  assert.deepEqual(seen.sort(), [
    ['DELETE', null, 'none', null],
    ['GET', 'follow_up', 'reported', 329],
    ['POST', null, 'owed', null],
  ])
})

test('H2 a response deleted while it is running is charged its reservation, once, and marked so', async t => {
  const by = await startBackground(t)
  const id = await begin(by, { ...plan, max_output_tokens: 400 })
  assert.equal((await by.sends('DELETE', `responses/${id}`)).status, 200)
  const [, deleted] = (await by.records()).toReversed().filter(({ copyKind }) => copyKind === null)
  assert.deepEqual([deleted?.method, deleted?.usage.source], ['DELETE', 'bounded'])
  assert.ok((deleted?.usage.totalTokens ?? 0) >= 400, JSON.stringify(deleted?.usage))
})

test('H2 an object that is gone is charged at its bound after the second 404', async t => {
  const by = await startBackground(t)
  const id = await begin(by, { ...plan, max_output_tokens: 400 })
  by.works.delete(id)
  await by.untilPolled(id, 1)
  assert.equal(chargedOf(await by.records()), 0)
  await by.untilPolled(id, 2)
  const charged = await eventually('the charge', async () => {
    const found = (await by.records()).find(({ usage }) => usage.source === 'bounded')
    return found ?? null
  })
  assert.deepEqual([charged.copyKind, charged.status], ['follow_up', 404])
  assert.ok((charged.usage.completionTokens ?? 0) >= 400)
})

test('H2 if the gateway has no credential of its own, the bound is charged when the time is over', async t => {
  const by = await startBackground(t, { credential: 'caller' })
  const id = await begin(by, { ...plan, max_output_tokens: 400 })
  by.finish(id)
  by.time.ms += 4 * 86_400_000
  const charged = await eventually('the charge', async () => {
    const found = (await by.records()).find(({ usage }) => usage.source === 'bounded')
    return found ?? null
  })
  assert.deepEqual([charged.outcome, charged.outcomeCode, charged.copyKind], ['failed', 'end_unknown', 'follow_up'])
  assert.equal(by.polls(id), 0)
  await (await by.sends('GET', `responses/${id}`)).text()
  const records = await by.records()
  assert.equal(records.filter(({ usage }) => usage.totalTokens !== null).length, 1)
})

const startBatches = (t: Parameters<typeof startBackground>[0]): ReturnType<typeof startBackground> =>
  startBackground(t, {
    change: config => ({
      ...config,
      objects: { unknown: 'allow' },
      prices: { models: { 'gpt-5': { input: 1, output: 2 } } },
    }),
  })

async function beginBatch(by: Awaited<ReturnType<typeof startBackground>>): Promise<string> {
  const answer = await by.sends('POST', 'batches', { input_file_id: 'file-1', endpoint: '/chat/completions' })
  assert.equal(answer.status, 200, await answer.clone().text())
  return ((await answer.json()) as CreatedObject).id
}

const answered = (prompt: number, completion: number): string => {
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
  return JSON.stringify({ custom_id: 'a', response: { status_code: 200, body: { model: 'gpt-5', usage } } })
}

// Otherwise a batch of ten thousand lines is charged like one call if the service reports no sum.
test('H2 a batch that ends without usage is charged by its file of answers', async t => {
  const by = await startBatches(t)
  const id = await beginBatch(by)
  by.finish(id, null)
  Object.assign(by.works.get(id) ?? {}, {
    shows: { output_file_id: 'file-out', request_counts: { total: 2, completed: 2, failed: 0 } },
    answers: `${answered(1_000, 500)}\n${answered(2_000, 0)}\n`,
  })
  await by.untilPolled(id, 1)
  const charged = await eventually('the charge', async () => {
    return (await by.records()).find(({ usage }) => usage.source === 'reported') ?? null
  })
  assert.deepEqual(
    [charged.operation, charged.copyKind, charged.usage.totalTokens],
    ['files/{id}/content', 'follow_up', 3_500],
  )
  assert.equal(charged.cost?.nano, (3_000 * 1_000 + 500 * 2_000) / 2)
  assert.deepEqual(await by.house.ledger.owed(0), [])
})

test('H2 a batch whose answers cannot be read is charged at its bound, and one that ran no line is not charged', async t => {
  const by = await startBatches(t)
  const [unreadable, failed] = [await beginBatch(by), await beginBatch(by)]
  by.finish(unreadable, null)
  Object.assign(by.works.get(unreadable) ?? {}, { shows: { output_file_id: 'file-gone' } })
  by.finish(failed, null, 'failed')
  await by.untilPolled(failed, 1)
  const charged = await eventually('the charge', async () => {
    by.time.ms += 60_000
    return (await by.records()).find(({ usage }) => usage.totalTokens !== null) ?? null
  })
  assert.deepEqual([charged.usage.source, charged.path], ['bounded', `/up/w/openai/v1/batches/${unreadable}`])
})

test('F2 an answer that is cut after the id is followed up too', async t => {
  const by = await startBackground(t, {
    instead({ method, url }, response) {
      if (method !== 'POST' || !url.endsWith('/responses')) return false
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '4000' })
      response.write(
        '{"id":"resp_cut","object":"response","status":"queued","background":true,"model":"gpt-5","output":[',
      )
      setImmediate(() => response.destroy())
      return true
    },
  })
  await assert.rejects(async () => (await by.sends('POST', 'responses', plan)).text())
  by.works.set('resp_cut', {
    ...{ id: 'resp_cut', status: 'completed', usage: { input: 12, output: 317 } },
    ...{ shows: {}, answers: null, streams: new Set() },
  })
  await by.untilPolled('resp_cut', 1)
  const charged = await eventually('the charge', async () => {
    return (await by.records()).find(({ usage }) => usage.source === 'reported') ?? null
  })
  const created = (await by.records()).at(-1)
  assert.deepEqual([created?.outcome, created?.usage.source], ['failed', 'owed'])
  assert.deepEqual([charged.copyOf, charged.usage.totalTokens], [created?.id, 329])
})
