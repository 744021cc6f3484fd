/**
 * A list is gathered from the instance's list of all workloads: that costs calls, which one page of a client must not
 * hide.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Received } from '../../support/backend.ts'
import type { Answered } from '../../support/objects.ts'
import { recordOf } from '../../support/records.ts'
import { answering, type JsonAnswer, startTwinBackends, type TwinBackends } from '../../support/twin-backends.ts'

/** An instance with this many files of others, followed by the workload's own; it honours the requested page size. */
function withFiles(others: number): (request: Received) => JsonAnswer {
  const files = [...Array.from({ length: others }, (_, at) => ({ id: `file-other-${at}` })), { id: 'file-own' }]
  return ({ method, url }) => {
    if (method === 'POST') return { body: { id: 'file-own', object: 'file' } }
    const query = new URL(url, 'http://instance').searchParams
    const from = files.findIndex(({ id }) => id === query.get('after')) + 1
    const data = files.slice(from, from + Number(query.get('limit') ?? 10_000))
    return { body: { object: 'list', data, has_more: from + data.length < files.length } }
  }
}

async function start(t: Parameters<typeof startTwinBackends>[0], others: number): Promise<TwinBackends> {
  const nowMs = Date.now()
  const twins = await startTwinBackends(t, {
    // The minute does not end, however slow the machine is.
    parts: { clock: () => nowMs },
    deployments: ['gpt-4o'],
    change: config => ({
      ...config,
      limits: { rules: { calls: { requestsPerMinute: 25, workloads: ['hr-bot'] } } },
    }),
  })
  twins.up1.answer = answering(withFiles(others))
  return twins
}

const idsOf = ({ body }: Answered): string[] => (body['data'] as { id: string }[]).map(({ id }) => id)

test('W7 a page of one requests a large page from the instance, and finds an object after many of others', async t => {
  const twins = await start(t, 900)
  const alice = await twins.as({ target: 'up1' })
  assert.equal((await alice.upload('own')).id, 'file-own')
  twins.called()
  const page = await alice.call('GET', 'files?limit=1')
  assert.deepEqual([page.status, idsOf(page)], [200, ['file-own']])
  assert.equal(twins.called().length, 1)
})

// One request that makes a hundred at the instance is a way around every request limit.
test('W7 calls to the instance are bounded, and each counts as a request', async t => {
  const twins = await start(t, 60_000)
  const alice = await twins.as({ target: 'up1' })
  const page = await alice.call('GET', 'files?limit=1')
  assert.deepEqual([page.status, idsOf(page), page.body['has_more']], [200, [], true])
  const calls = twins.called().length
  assert.equal(calls, 20)
  const record = await recordOf(twins.world.house.ledger, page.requestId)
  assert.equal(record.attempts.length, calls)
  const left: (string | null)[] = []
  for (let i = 0; i < 6; i += 1) left.push((await alice.call('GET', 'files/file-nobodys')).refusal)
  // Refused calls are refunded; those that are sent are counted, so that five are left of 25.
  assert.deepEqual(new Set(left), new Set(['object_unknown']))
  for (let i = 0; i < 5; i += 1) assert.equal((await alice.upload('more')).status, 200, `${i}`)
  assert.equal((await alice.upload('more')).refusal, 'request_limit_reached')
})
