// Answers that the gateway puts together, over real connections: models, and lists of several members.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Journal } from '../../ledger/index.ts'
import type { Owner } from '../../objects/index.ts'
import { type Answer, type Asking, callThrough, planWith } from '../stages/7-dispatch/admitted.fixture.ts'
import { answerList, isList, type ListParts } from './lists.ts'
import { answerModels } from './models.ts'

const owners: ReadonlyMap<string, Owner> = new Map([
  ...['file-1', 'file-3'].map((id): [string, Owner] => [id, { workload: 'people', instance: 'one' }]),
  ...['file-5', 'file-6'].map((id): [string, Owner] => [id, { workload: 'people', instance: 'two' }]),
  ['file-2', { workload: 'others', instance: 'one' }],
])

function partsOf(more: Partial<ListParts> = {}): ListParts {
  return {
    journal: { open: async () => {} } as Pick<Journal, 'open'> as unknown as Journal,
    continueUnrecorded: false,
    clock: Date.now,
    totalMs: 30_000,
    unknownObjects: 'refuse',
    objects: {
      known: ids => new Map(ids.flatMap(id => (owners.has(id) ? [[id, owners.get(id) as Owner]] : []))),
      ownerOf: () => null,
      created: () => {},
    },
    ...more,
  }
}

/** A member that lists these ids, by pages of two. */
function listing(ids: readonly string[], seen: string[] = []): Answer {
  return ({ url = '' }, response) => {
    seen.push(url)
    const query = new URL(url, 'http://x').searchParams
    const from = ids.indexOf(query.get('after') ?? '') + 1
    const data = ids.slice(from, from + 2).map(id => ({ id, object: 'file' }))
    const document = { object: 'list', data, has_more: from + 2 < ids.length }
    response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'member-1' })
    response.end(JSON.stringify(document))
  }
}

async function list(
  t: TestContext,
  members: Readonly<Record<string, Answer>>,
  asking: Partial<Asking> = {},
  parts = partsOf(),
  openai: readonly string[] = [],
) {
  const plan = await planWith(t, members, { openai })
  return callThrough(t, plan, { path: '/openai/v1/files', ...asking }, exchange => {
    assert.ok(isList(exchange))
    return answerList(exchange, parts)
  })
}

// An instance lists everything that was ever created on it: another team's files would be visible.
test('a list has the workload’s own objects of all members, and nothing else', async t => {
  const one = listing(['file-1', 'file-2', 'file-3', 'file-4'])
  const { status, headers, body, result } = await list(t, { one, two: listing(['file-5', 'file-6']) })
  const document = JSON.parse(body)
  assert.deepEqual(
    document.data.map(({ id }: { id: string }) => id),
    ['file-1', 'file-3', 'file-5', 'file-6'],
  )
  assert.deepEqual([document.first_id, document.last_id, document.has_more], ['file-1', 'file-6', false])
  assert.deepEqual([status, headers['x-gatehouse-request-id']], [200, 'call-1'])
  assert.deepEqual([result.ending, result.backendRequestId, result.attempts.length], ['whole', 'member-1', 3])
  assert.equal(result.responseBytes, Buffer.byteLength(body))
})

test('a list ends when it has as many objects as the client wants, and says that there are more', async t => {
  const seen: string[] = []
  const members = { one: listing(['file-1', 'file-3'], seen), two: listing(['file-5', 'file-6'], seen) }
  const { body } = await list(t, members, { path: '/openai/v1/files?limit=1&purpose=batch' })
  const { data, has_more: hasMore } = JSON.parse(body)
  assert.deepEqual([data.length, hasMore, seen.length], [1, true, 1])
  assert.match(seen[0] ?? '', /limit=1000&purpose=batch|purpose=batch&limit=1000/)
})

test('a further page begins on the member where the last one ended', async t => {
  const seen: string[] = []
  const members = { one: listing([], seen), two: listing(['file-5', 'file-6']) }
  const { body } = await list(t, members, { path: '/openai/v1/files?after=file-5', home: 'two' })
  assert.deepEqual([JSON.parse(body).data.map(({ id }: { id: string }) => id), seen], [['file-6'], []])
})

test('objects of no known owner are left out, unless the operator allows them', async t => {
  const members = { one: listing(['file-9']) }
  assert.deepEqual(JSON.parse((await list(t, members)).body).data, [])
  const allowed = await list(t, members, {}, partsOf({ unknownObjects: 'allow' }))
  assert.equal(JSON.parse(allowed.body).data.length, 1)
})

// A list without one member's objects would look complete.
test('when one member cannot list, the client gets its error', async t => {
  const broken: Answer = (_request, response) => response.writeHead(500).end('{"error":{"code":"500"}}')
  const { status, body, result } = await list(t, { one: listing(['file-1']), two: broken })
  assert.deepEqual([status, body, result.status], [500, '{"error":{"code":"500"}}', 500])
})

// Otherwise a server that only has models makes all lists of its pool fail.
test('a member of a kind that may offer only a part of the API and lacks such lists is skipped', async t => {
  const lacking: Answer = (_request, response) => response.writeHead(404).end('{"detail":"Not Found"}')
  const members = { zero: lacking, one: listing(['file-1', 'file-3']), two: lacking }
  const { status, body, result, exchange } = await list(t, members, {}, partsOf(), ['zero', 'two'])
  const ids = JSON.parse(body).data.map(({ id }: { id: string }) => id)
  assert.deepEqual([status, ids, JSON.parse(body).has_more], [200, ['file-1', 'file-3'], false])
  assert.deepEqual([result.attempts.map(one => one.status), exchange.instance?.name], [[404, 200, 404], 'one'])
  const seen: string[] = []
  const further = { zero: lacking, one: listing(['file-1', 'file-3'], seen) }
  await list(t, further, { path: '/openai/v1/files?after=file-1', home: 'zero' }, partsOf(), ['zero'])
  assert.match(seen[0] ?? '', /after=file-1/, 'the cursor is for the first member that lists')
  const none = await list(t, { zero: lacking, two: lacking }, {}, partsOf(), ['zero', 'two'])
  assert.deepEqual([none.status, none.body], [404, '{"detail":"Not Found"}'])
  const other = await list(t, { zero: lacking, one: listing(['file-1']) })
  assert.equal(other.status, 404, 'an Azure member may only lack the version')
})

// A client that gets the instance's 401 renews its own token, and retries for ever.
test('F4 a member whose key is not for such lists is skipped, and its refusal never reaches the client', async t => {
  const message = 'You have insufficient permissions for this operation. Missing scopes: api.files.read.'
  const restricted: Answer = (_request, response) =>
    response.writeHead(401).end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }))
  const members = { zero: restricted, one: listing(['file-1']) }
  const { status, body, result } = await list(t, members, {}, partsOf(), ['zero'])
  assert.deepEqual([status, JSON.parse(body).data.length], [200, 1])
  assert.deepEqual(
    result.attempts.map(({ error }) => error),
    ['credential_refused', null],
  )
  const none = await list(t, { zero: restricted }, {}, partsOf(), ['zero'])
  assert.deepEqual([none.result.ending, none.body], ['credential_refused', ''])
})

test('F4 a member that refuses the gateway’s credential ends the list as such', async t => {
  const { result } = await list(t, {
    one: (_request, response) => response.writeHead(401).end('{"error":{"code":"401"}}'),
  })
  assert.deepEqual([result.ending, result.attempts[0]?.error], ['credential_refused', 'credential_refused'])
})

test('a success that is no list, and a member that hangs up, end the list as broken', async t => {
  for (const answer of [
    ((_request, response) => response.end('{"data":7}')) as Answer,
    ((_request, response) => response.end('not JSON')) as Answer,
    (request => request.socket.destroy()) as Answer,
  ]) {
    assert.equal((await list(t, { one: answer })).result.ending, 'backend_broke')
  }
})

test('a client that leaves, and a list that takes too long, end what is in flight', async t => {
  const { promise: arrived, resolve } = Promise.withResolvers<void>()
  const silent: Answer = () => resolve()
  const left = await list(t, { one: silent }, { leaves: arrived })
  assert.equal(left.result.ending, 'left')
  const again = Promise.withResolvers<void>()
  const plan = await planWith(t, { one: () => again.resolve() })
  const { result, exchange } = await callThrough(t, plan, { path: '/openai/v1/files' }, async one => {
    const answering = answerList(one, partsOf())
    await again.promise
    one.call.watch.subject?.expire('deadline')
    return answering
  })
  assert.deepEqual([result.ending, exchange.call.watch.subject], ['total_timeout', null])
})

test('models are the deployments that the workload may use, in the form of the API that is called', async t => {
  const plan = await planWith(t, { one: listing([]) })
  const v1 = await callThrough(t, plan, { path: '/openai/v1/models' }, answerModels)
  assert.deepEqual(JSON.parse(v1.body), {
    object: 'list',
    data: [{ id: 'gpt-4o', object: 'model', created: 0, owned_by: 'gatehouse', model: 'gpt-4o' }],
  })
  const dated = await callThrough(t, plan, { path: '/openai/models/gpt-4o?api-version=2024-10-21' }, answerModels)
  const { id, capabilities, lifecycle_status: status } = JSON.parse(dated.body)
  assert.deepEqual([id, capabilities.chat_completion, status], ['gpt-4o', true, 'generally-available'])
  assert.deepEqual([dated.headers['cache-control'], dated.result.ending], ['no-store', 'whole'])
  const unknown = callThrough(t, plan, { path: '/openai/v1/models/gpt-5' }, answerModels)
  await assert.rejects(unknown, { code: 'deployment_not_allowed' })
})
