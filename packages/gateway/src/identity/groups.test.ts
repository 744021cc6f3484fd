import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { logTo } from '../log.fixture.ts'
import { testCaller } from './caller.fixture.ts'
import type { Caller } from './caller.ts'
import { GroupsUnavailable } from './errors.ts'
import { openGroupDirectory } from './groups.ts'
import type { GroupDirectory } from './index.ts'

const alice: Caller = Object.freeze(
  testCaller({
    tenantId: '11111111-2222-3333-4444-555555555555',
    objectId: 'a11ce000-0000-4000-8000-000000000001',
    listsGroups: false,
  }),
)
const job: Caller = { ...alice, kind: 'application', objectId: 'b0b00000-0000-4000-8000-000000000002' }
const hr = '64000000-6b1d-4c1e-9a53-0f5d1c7e2b01'

interface Graph {
  readonly directory: GroupDirectory
  readonly asked: { readonly url: string; readonly authorization: string | undefined; readonly body: string }[]
  answer: (response: ServerResponse, request: IncomingMessage) => void
  nowMs: number
  readonly said: string[]
}

/** A simulated Graph, and a clock that the test moves. */
async function graph(t: TestContext): Promise<Graph> {
  const state = { nowMs: 1_000_000 }
  const asked: Graph['asked'] = []
  const said: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization, body })
      self.answer(response, request)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const directory = openGroupDirectory({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorization: () => 'Bearer of-the-gateway',
    rememberMs: 600_000,
    timeoutMs: 5_000,
    clock: () => state.nowMs,
    log: logTo(({ event }) => void said.push(event)),
  })
  t.after(() => directory.close())
  const self: Graph = {
    directory,
    asked,
    said,
    answer: response => groupsAnswer(response, [hr]),
    get nowMs() {
      return state.nowMs
    },
    set nowMs(to) {
      state.nowMs = to
    },
  }
  return self
}

function groupsAnswer(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ value }))
}

// A token for Microsoft's own resource never lists the company's groups: without the lookup, no member of the group may
// call.
test("N-K1 groups that a token does not list are looked up in Microsoft Graph once, with the gateway's own identity", async t => {
  const one = await graph(t)
  const [first, second] = await Promise.all([one.directory.complete(alice), one.directory.complete({ ...alice })])
  assert.deepEqual([first.groups, first.listsGroups, first.groupsOverage], [[hr], true, false])
  assert.deepEqual(second.groups, [hr])
  assert.deepEqual(one.asked, [
    {
      url: `/v1.0/users/${alice.objectId}/getMemberObjects`,
      authorization: 'Bearer of-the-gateway',
      body: '{"securityEnabledOnly":false}',
    },
  ])
  // The same object each time, at once: values that hang on it stay.
  assert.equal(one.directory.complete(alice), first)
  await one.directory.complete(job)
  assert.equal(one.asked[1]?.url, `/v1.0/servicePrincipals/${job.objectId}/getMemberObjects`)

  one.answer = response => groupsAnswer(response, [])
  one.nowMs += 599_999
  assert.deepEqual((await one.directory.complete(alice)).groups, [hr])
  one.nowMs += 1
  assert.deepEqual((await one.directory.complete(alice)).groups, [], 'who left the group keeps it no longer than that')
})

test('N-K1 an account that Graph does not know is in no group', async t => {
  const one = await graph(t)
  one.answer = response => response.writeHead(404).end('{"error":{"code":"Request_ResourceNotFound"}}')
  assert.deepEqual((await one.directory.complete(alice)).groups, [])
})

// In the past, outages that looked like a missing right made people request rights that they already had.
test('N-K1 whatever Graph answers, unknown groups are "unavailable", never "no"', async t => {
  const broken: readonly [what: string, answer: (response: ServerResponse) => void][] = [
    ['forbidden', response => response.writeHead(403).end('{"error":{"code":"Authorization_RequestDenied"}}')],
    ['unauthorized', response => response.writeHead(401).end()],
    ['throttled', response => response.writeHead(429, { 'retry-after': '30' }).end()],
    ['down', response => response.writeHead(503).end()],
    ['not JSON', response => response.writeHead(200).end('<html>')],
    ['no list', response => response.writeHead(200).end('{"value":"all"}')],
    ['numbers', response => groupsAnswer(response, [1])],
    ['redirected', response => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['cut', response => response.writeHead(200, { 'content-length': '99' }).write('{', () => response.destroy())],
    ['endless', response => response.writeHead(200).end('x'.repeat(3_000_000))],
  ]
  for (const [what, answer] of broken) {
    const one = await graph(t)
    one.answer = answer
    const asking = async (): Promise<unknown> => one.directory.complete(alice)
    await assert.rejects(asking, GroupsUnavailable, what)
    await assert.rejects(asking, GroupsUnavailable, what)
    assert.equal(one.asked.length, 1, `${what}: it is not asked again for a while`)
    assert.deepEqual(one.said, ['groups_unavailable'], what)
    one.answer = response => groupsAnswer(response, [hr])
    one.nowMs += what === 'throttled' ? 29_999 : 4_999
    await assert.rejects(asking, GroupsUnavailable, what)
    one.nowMs += 1
    assert.deepEqual((await one.directory.complete(alice)).groups, [hr], what)
    assert.deepEqual(one.said, ['groups_unavailable', 'groups_available'], what)
    assert.deepEqual([one.directory.requests, one.directory.failures], [2, 1], what)
  }
})

test('N-K1 a permission that is missing for applications does not affect people', async t => {
  const one = await graph(t)
  one.answer = (response, request) => {
    if (request.url?.includes('servicePrincipals')) response.writeHead(403).end()
    else groupsAnswer(response, [hr])
  }
  await assert.rejects(async () => one.directory.complete(job), GroupsUnavailable)
  assert.deepEqual((await one.directory.complete(alice)).groups, [hr])
})

test('N-K1 a crowd of unknown callers waits in a bounded queue, and the rest are "unavailable"', async t => {
  const one = await graph(t)
  const held: ServerResponse[] = []
  one.answer = response => void held.push(response)
  const crowd = Array.from({ length: 600 }, (_, at) => ({
    ...alice,
    objectId: `a11ce000-0000-4000-8000-${String(at).padStart(12, '0')}`,
  }))
  const settled = crowd.map(caller =>
    Promise.resolve(one.directory.complete(caller)).then(
      () => 'known',
      () => 'unavailable',
    ),
  )
  const turned = (await Promise.all(settled.slice(516))).filter(one => one === 'unavailable')
  assert.equal(turned.length, 84)
  while (held.length < 16) await new Promise(resolve => setImmediate(resolve))
  // The ones in front are answered one by one, and the ones after them move up.
  one.answer = response => groupsAnswer(response, [])
  for (const response of held) groupsAnswer(response, [])
  assert.deepEqual(new Set(await Promise.all(settled.slice(0, 516))), new Set(['known']))
})
