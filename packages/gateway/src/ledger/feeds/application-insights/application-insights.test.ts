import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { closedPort } from '../../../../../../test/support/ports.ts'
import { endedLedger, someDayMs, startRunner } from '../filing/filing.fixture.ts'
import { recordedExchange } from '../recorded.fixture.ts'
import { RetryLaterError } from '../retry-later.ts'
import { applicationInsightsFeed } from './index.ts'
import {
  insightsSettings,
  instrumentationKey,
  type ReceivedItem,
  startEndpoint,
  startInsights,
  trackAnswer,
} from './receiver.fixture.ts'

const exchanges = (count: number) => Array.from({ length: count }, () => recordedExchange())
const idsOf = (items: readonly ReceivedItem[]): string[] => items.map(({ data }) => data.baseData.id)
const tracesOf = (items: readonly ReceivedItem[]): Set<string | undefined> =>
  new Set(items.map(({ tags }) => tags['ai.operation.id']))
const traceOf = ({ id }: { readonly id: string }): string => id.replaceAll('-', '')

test('the endpoint of the connection string gets all items of a batch, with its key, in one request', async t => {
  const endpoint = await startEndpoint(t)
  const { feed } = startInsights(t, { connectionString: endpoint.connectionString })
  const all = exchanges(3)
  await feed.take(all)
  const [request, ...others] = endpoint.requests
  assert.deepEqual(others, [])
  assert.match(String(request?.headers['user-agent']), /^gatehouse\/\d/)
  assert.equal(request?.headers['authorization'], undefined)
  assert.deepEqual(tracesOf(request?.items ?? []), new Set(all.map(traceOf)))
  for (const { iKey, sampleRate } of request?.items ?? [])
    assert.deepEqual([iKey, sampleRate], [instrumentationKey, 100])
})

// Counts in Application Insights are sums of what items stand for.
test('a record of a share stands for as many as the share says, one that went wrong for itself', async t => {
  const endpoint = await startEndpoint(t)
  const sample = { share: 0.25, workloads: {} }
  const { feed } = startInsights(t, { connectionString: endpoint.connectionString, sample })
  await feed.take([recordedExchange(), recordedExchange({ closed: { status: 500 } })])
  const rates = new Set(
    endpoint.requests.flatMap(({ items }) => items.map(item => `${item.data.baseData.success} ${item.sampleRate}`)),
  )
  assert.ok(rates.has('true 25') && rates.has('false 100'), [...rates].join())
})

/** The identity endpoint of App Service, as `@azure/identity` asks it. @returns the resources that it was asked for. */
async function startIdentity(t: TestContext, status = 200): Promise<readonly string[]> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://localhost').searchParams.get('resource') ?? '')
    const expires = Math.floor(Date.now() / 1_000) + 3_600
    const token = { access_token: 'canary-token', expires_on: String(expires), token_type: 'Bearer' }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(token))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`
  process.env['IDENTITY_HEADER'] = 'canary-header'
  t.after(() => {
    delete process.env['IDENTITY_ENDPOINT']
    delete process.env['IDENTITY_HEADER']
    server.closeAllConnections()
    server.close()
  })
  return asked
}

// The canary: no sink may have what people wrote, the key or the token.
test('neither prompts nor secrets are in items, in errors or in the log', async t => {
  const asked = await startIdentity(t)
  const endpoint = await startEndpoint(t, (response, number, items) => {
    if (number === 1) response.writeHead(401).end('canary-answer')
    else response.writeHead(number === 2 ? 206 : 200).end(trackAnswer(items, number === 2 ? [[0, 400]] : []))
  })
  const { connectionString } = endpoint
  const settings = { connectionString, credential: 'managed-identity', callers: true } as const
  const { feed, failure, log, aside } = startInsights(t, settings)
  const secretive = recordedExchange({ request: '{"q":"canary-prompt"}', response: 'canary-completion' })
  const all = [secretive, recordedExchange()]
  const { message } = await failure(all)
  assert.match(message, /^localhost:\d+ answered 401\. Check `credential`, and the role Monitoring Metrics Publisher/)
  await feed.take(all)
  assert.deepEqual(asked, ['https://monitor.azure.com'])
  assert.equal(endpoint.requests[1]?.headers['authorization'], 'Bearer canary-token')
  const said = JSON.stringify([message, log.lines, aside])
  const items = JSON.stringify(endpoint.requests.map(request => request.items))
  assert.ok(items.includes('22222222-3333') && aside.length === 1)
  assert.ok(!said.includes('canary') && !items.includes('canary'), said + items)
  assert.ok(!said.includes(instrumentationKey), said)
})

test('an identity without a token fails the feed with what to do, and nothing is sent', async t => {
  await startIdentity(t, 400)
  const endpoint = await startEndpoint(t)
  const { connectionString } = endpoint
  // Tokens of another identity are remembered by the library.
  const credential = { managedIdentity: '11111111-2222-3333-4444-555555555555' }
  const { failure } = startInsights(t, { connectionString, credential })
  assert.match((await failure(exchanges(1))).message, /there is no token of the managed identity/)
  assert.equal(endpoint.requests.length, 0)
})

test('of a request that was taken in part, only the items that were not taken come again', async t => {
  const endpoint = await startEndpoint(t, (response, number, items) => {
    if (number === 1)
      response.writeHead(206, { 'retry-after': '3' }).end(
        trackAnswer(items, [
          [1, 429],
          [7, 503],
        ]),
      )
    else response.writeHead(200).end(trackAnswer(items, []))
  })
  const { feed, failure, aside } = startInsights(t, { connectionString: endpoint.connectionString })
  const all = exchanges(3)
  const error = await failure(all)
  assert.ok(error instanceof RetryLaterError)
  assert.equal(error.afterMs, 3_000)
  assert.match(error.message, /answered 429 for spans of 2 records/)
  await feed.take(all)
  const [first, second, ...others] = endpoint.requests.map(({ items }) => idsOf(items))
  assert.deepEqual(others, [])
  assert.deepEqual(second, [first?.[1], first?.[7]])
  assert.deepEqual(aside, [])
})

test('a record of which one item is refused is set aside, and the others have arrived', async t => {
  const endpoint = await startEndpoint(t, (response, _number, items) =>
    response.writeHead(206).end(trackAnswer(items, [[4, 400]])),
  )
  const { feed, aside } = startInsights(t, { connectionString: endpoint.connectionString })
  const all = exchanges(3)
  await feed.take(all)
  assert.equal(endpoint.requests.length, 1)
  assert.deepEqual(
    aside.map(({ id }) => id),
    [all[1]?.id],
  )
  assert.match(aside[0]?.reason ?? '', /answered 400 for a span of it/)
})

// An answer that is not read counts as nothing taken: the batch would come again for ever, each time as new items.
test('an answer that names more than a thousand items is read to its end', async t => {
  const endpoint = await startEndpoint(t, (response, _number, items) => {
    const all = items.map((_, index) => [index, 400] as const)
    response.writeHead(206).end(trackAnswer(items, all.slice(0, -3)))
  })
  const { feed, aside } = startInsights(t, { connectionString: endpoint.connectionString })
  await feed.take(exchanges(500))
  assert.deepEqual([endpoint.requests.length, aside.length], [1, 499])
})

// The service refuses them one by one: each would stop the feed for ten tries.
test('records that are too old for the service are set aside and not sent', async t => {
  const endpoint = await startEndpoint(t)
  const nowMs = 1_780_000_000_000
  const at = (hours: number) =>
    recordedExchange({ opened: { startedAtMs: nowMs - hours * 3_600_000 }, closed: { endedAtMs: nowMs } })
  const [old, young] = [at(47.1), at(46.9)]
  const { feed, aside } = startInsights(t, { connectionString: endpoint.connectionString }, { clock: () => nowMs })
  await feed.take([old, young])
  await feed.take([old])
  assert.deepEqual(tracesOf(endpoint.requests.flatMap(({ items }) => items)), new Set([traceOf(young)]))
  assert.equal(endpoint.requests.length, 1)
  assert.deepEqual(
    aside.map(({ id }) => id),
    [old.id, old.id],
  )
  assert.match(aside[0]?.reason ?? '', /older than 47 hours/)
})

// A key that the resource does not have is 400 for every item: no record may be lost because of it.
for (const status of [206, 400]) {
  test(`a key that is refused with ${status} loses no record within ten tries`, async t => {
    const endpoint = await startEndpoint(t, (response, number, items) => {
      const all = items.map((_, index) => [index, 400] as const)
      if (number <= 4) response.writeHead(status).end(trackAnswer(items, all))
      else response.writeHead(200).end(trackAnswer(items, []))
    })
    const { feed, failure, aside } = startInsights(t, { connectionString: endpoint.connectionString })
    const all = exchanges(4)
    assert.match((await failure(all)).message, /takes none of these spans|does not take these spans/)
    await feed.take(all)
    assert.deepEqual(aside, [])
    const kept = endpoint.requests.slice(4).flatMap(({ items }) => items)
    assert.deepEqual(tracesOf(kept), new Set(all.map(traceOf)))
  })
}

const answers: readonly (readonly [status: number, says: RegExp, afterMs: number | null])[] = [
  [302, /redirects are not followed/, null],
  [308, /redirects are not followed/, null],
  [402, /answered 402: the quota of the resource is used up/, 600_000],
  [403, /Monitoring Metrics Publisher/, null],
  [404, /Correct the IngestionEndpoint/, null],
  [408, /tries again with growing pauses/, null],
  [439, /answered 439: the quota of the resource is used up/, 600_000],
  [500, /tries again with growing pauses/, null],
  [503, /tries again with growing pauses/, null],
]
for (const [status, says, afterMs] of answers) {
  test(`a service that answers ${status} fails the feed with the reason, and nothing is lost`, async t => {
    const endpoint = await startEndpoint(t, (response, number, items) => {
      if (number === 1) response.writeHead(status).end('not for the log')
      else response.writeHead(200).end(trackAnswer(items, []))
    })
    const { feed, failure, aside } = startInsights(t, { connectionString: endpoint.connectionString })
    const all = exchanges(2)
    const error = await failure(all)
    assert.ok(says.test(error.message) && error.message.includes(`answered ${status}`), error.message)
    assert.equal(error instanceof RetryLaterError ? error.afterMs : null, afterMs)
    await feed.take(all)
    assert.deepEqual([tracesOf(endpoint.requests[1]?.items ?? []), aside], [new Set(all.map(traceOf)), []])
  })
}

for (const status of [402, 429, 439, 503]) {
  test(`a pause that the service asks for with ${status} is kept`, async t => {
    const endpoint = await startEndpoint(t, response => response.writeHead(status, { 'retry-after': '9' }).end())
    const { failure } = startInsights(t, { connectionString: endpoint.connectionString })
    const error = await failure(exchanges(1))
    assert.ok(error instanceof RetryLaterError)
    assert.equal(error.afterMs, 9_000)
  })
}

test('a service that is away, or breaks off, fails the feed with the reason', async t => {
  const port = await closedPort()
  const connectionString = `InstrumentationKey=${instrumentationKey};IngestionEndpoint=http://localhost:${port}/`
  assert.match((await startInsights(t, { connectionString }).failure(exchanges(1))).message, /nothing listens/)
  const breaking = await startEndpoint(t, response => response.destroy())
  const { failure } = startInsights(t, { connectionString: breaking.connectionString })
  assert.match((await failure(exchanges(1))).message, /the connection broke/)
})

// A private link gives the endpoint an address of the operator's network. No name may lead to a metadata service.
test('nothing is sent to an endpoint that has the address of a metadata service', async t => {
  const connectionString = `InstrumentationKey=${instrumentationKey};IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/`
  const { failure } = startInsights(
    t,
    { connectionString },
    { resolve: (_name, done) => done(null, [{ address: '169.254.169.254', family: 4 }]) },
  )
  assert.match((await failure(exchanges(1))).message, /has the address 169\.254\.169\.254, which is not public/)
})

test('a feed over a journal sends every record, and the cursor passes them', async t => {
  const endpoint = await startEndpoint(t)
  const ended = await endedLedger(t)
  const settings = { ...insightsSettings, connectionString: endpoint.connectionString }
  const { runner } = await startRunner(t, ended, async parts =>
    applicationInsightsFeed(settings, parts, { clock: () => someDayMs }),
  )
  await runner.caughtUp()
  const items = endpoint.requests.flatMap(one => one.items)
  assert.deepEqual(tracesOf(items), new Set([...ended.rows.values()].map(traceOf)))
  assert.equal(runner.progress().lagRecords, 0)
})
