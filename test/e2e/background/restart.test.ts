/**
 * Open charges survive the process: the reservation, the polling and the single charge. Otherwise work that was started
 * before a rollout of the gateway would be free.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BackgroundWorld, chargedOf, leaveAt, startBackground } from '../../support/background.ts'
import { eventually } from '../../support/wait.ts'

const plan = { model: 'gpt-5', background: true, max_output_tokens: 1_000, input: 'Plan a week in Lisbon' }

const withBudget = { limits: { tokensPerDay: 5_000 } }
const startLimited = (t: Parameters<typeof startBackground>[0]): Promise<BackgroundWorld> =>
  startBackground(t, {
    change: config => ({
      ...config,
      objects: { unknown: 'allow' },
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => [name, { ...workload, ...withBudget }]),
      ),
    }),
  })

async function beginAndLeave(by: BackgroundWorld): Promise<string> {
  const text = await leaveAt(await by.sends('POST', 'responses', { ...plan, stream: true }), 'the castle')
  return /"id":"(resp_\d+)"/.exec(text)?.[1] ?? assert.fail(text)
}

test('H2 a restart keeps open charges reserved, polls for the end, and charges once', async t => {
  const by = await startLimited(t)
  const id = await beginAndLeave(by)
  const batch = await by.sends('POST', 'batches', { input_file_id: 'file-1', endpoint: '/chat/completions' })
  const { id: batchId } = (await batch.json()) as { id: string }
  await by.records()
  const before = await by.standing('tokensPerDay')
  assert.ok(before.reserved > 1_000 && before.used === 0, JSON.stringify(before))
  await by.restart()
  const after = await by.standing('tokensPerDay')
  assert.deepEqual([after.used, after.reserved], [before.used, before.reserved])
  by.finish(id, { input: 12, output: 317 })
  by.finish(batchId, { input: 500, output: 600 })
  await by.untilPolled(id, 1)
  await by.untilPolled(batchId, 1)
  const records = await eventually('both charges', async () => {
    const all = await by.records()
    return chargedOf(all) >= 1_429 ? all : null
  })
  assert.equal(chargedOf(records), 1_429)
  const settled = await by.standing('tokensPerDay')
  assert.deepEqual([settled.used, settled.reserved], [1_429, 0])
  // A charged object is no longer open in the next process either: its counters come from the ledger.
  await by.restart()
  by.time.ms += 60_000
  const later = await by.standing('tokensPerDay')
  assert.deepEqual([later.used, later.reserved], [1_429, 0])
  assert.deepEqual(await by.house.ledger.owed(0), [])
})

test('H2 what clients have read is not polled after a restart, including a batch and its file', async t => {
  const by = await startLimited(t)
  const id = await beginAndLeave(by)
  const batch = await by.sends('POST', 'batches', { input_file_id: 'file-1', endpoint: '/chat/completions' })
  const { id: batchId } = (await batch.json()) as { id: string }
  await by.records()
  by.finish(id)
  by.finish(batchId, { input: 5, output: 6 })
  await (await by.sends('GET', `responses/${id}`)).text()
  await (await by.sends('GET', `batches/${batchId}`)).text()
  assert.equal(chargedOf(await by.records()), 329 + 11)
  await by.restart()
  assert.deepEqual(await by.house.ledger.owed(0), [])
})

test('H2 an open charge that expired while the gateway was down is charged at its bound', async t => {
  const by = await startLimited(t)
  await beginAndLeave(by)
  await by.records()
  by.time.ms += 4 * 86_400_000
  await by.restart()
  by.time.ms += 10_000
  const charged = await eventually('the charge', async () => {
    return (await by.records()).find(({ usage }) => usage.source === 'bounded') ?? null
  })
  assert.ok((charged.usage.totalTokens ?? 0) >= 1_000)
})

test('H2 a reload keeps open charges, even if it removes the workload', async t => {
  const by = await startLimited(t)
  const id = await beginAndLeave(by)
  await by.records()
  const { w, ...others } = by.world.config.workloads
  assert.ok(w !== undefined)
  by.house.reload({ ...by.world.config, workloads: { ...others, x: w } })
  by.finish(id)
  await by.untilPolled(id, 1)
  const charged = await eventually('the charge', async () => {
    return (await by.records()).find(({ usage }) => usage.source === 'reported') ?? null
  })
  assert.deepEqual([charged.workload, charged.usage.totalTokens], ['w', 329])
})
