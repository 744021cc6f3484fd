import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublicationFate } from '@gatehouse/simulator'
import { randomOf, seedOfRun } from '../../../../../../test/support/random.ts'
import { openSource } from '../../collect/event-hubs/index.ts'
import { recordedExchange } from '../recorded.fixture.ts'
import { RetryLaterError } from '../retry-later.ts'
import { idsByKey, openTestFeed, readRecords, startNamespace, takeUntilTaken } from './hub.fixture.ts'

const random = randomOf(seedOfRun())

const exchangesOf = (count: number, callers: number, bytes = 200) =>
  Array.from({ length: count }, (_, at) =>
    recordedExchange({
      opened: { callerObjectId: `caller-${random.below(callers)}`, workload: random.pick(['hr-bot', 'search']) },
      request: `{"content":"Grüße 😀 ${'x'.repeat(random.below(bytes))}"}`,
      response: `{"answer":${at}}`,
    }),
  )

const sentOf = (exchanges: ReturnType<typeof exchangesOf>) =>
  exchanges.map(({ id, opened: { callerObjectId, workload } }) => ({ id, callerObjectId, workload }))

test('records arrive once, those of one caller and workload in their order', async t => {
  const namespace = await startNamespace(t)
  const feed = openTestFeed(t, namespace)
  const exchanges = exchangesOf(1_500, 40)
  await feed.take(exchanges.slice(0, 700))
  await feed.take(exchanges.slice(700))
  const { records, doubles } = await readRecords(namespace, exchanges.length)
  assert.equal(doubles, 0)
  assert.deepEqual(idsByKey(records), idsByKey(sentOf(exchanges)))
  assert.equal(new Set(namespace.events('records').map(({ partition }) => partition)).size, 3)
  assert.ok(feed.bytes > exchanges.length * 500)
})

test('events have the id, the type, and the properties that route them within Data Explorer', async t => {
  const namespace = await startNamespace(t)
  const dataExplorer = { table: 'ExchangeRaw', mapping: 'Gatehouse', database: 'audit' }
  const route = { Table: 'ExchangeRaw', Format: 'json', IngestionMappingReference: 'Gatehouse', Database: 'audit' }
  const [plain, compressed] = [exchangesOf(1, 1), exchangesOf(1, 1)]
  await openTestFeed(t, namespace).take(plain)
  await openTestFeed(t, namespace, { dataExplorer }).take(plain)
  await openTestFeed(t, namespace, { dataExplorer, gzip: true }).take(compressed)
  const events = namespace.events('records').toSorted((a, b) => a.enqueuedAtMs - b.enqueuedAtMs)
  assert.deepEqual(
    events.map(({ messageId, contentType, properties }) => ({ messageId, contentType, properties })),
    [
      { messageId: plain[0]?.id, contentType: 'application/json', properties: {} },
      { messageId: plain[0]?.id, contentType: 'application/json', properties: route },
      {
        messageId: compressed[0]?.id,
        contentType: 'application/json',
        properties: { 'content-encoding': 'gzip', Compression: 'gzip', ...route },
      },
    ],
  )
  const { records, doubles } = await readRecords(namespace, 2)
  assert.equal(doubles, 1)
  assert.deepEqual(records.map(({ id }) => id).toSorted(), [plain[0]?.id, compressed[0]?.id].toSorted())
})

test('records longer than a batch come back byte for byte from their parts, in the limit of the hub', async t => {
  for (const gzip of [false, true]) {
    const namespace = await startNamespace(t, { hub: { messageBytesMax: 256 * 1_024 } })
    const feed = openTestFeed(t, namespace, { gzip })
    const request = Buffer.from('{"content":"Grüße 株式会社 😀 \\u0000 \\" and more"}'.repeat(40_000))
    const response = Buffer.from(Array.from({ length: 1_500_000 }, () => random.below(256)))
    const long = recordedExchange({ request, response })
    const exchanges = [...exchangesOf(20, 1), long, ...exchangesOf(20, 1)]
    await feed.take(exchanges)
    const { records, incomplete } = await readRecords(namespace, exchanges.length)
    assert.deepEqual([records.length, incomplete], [exchanges.length, 0])
    const read = records.find(({ id }) => id === long.id)
    assert.ok(Buffer.from(String(read?.['requestBody'])).equals(request))
    assert.ok(Buffer.from(String(read?.['responseBody']), 'base64').equals(response))
    assert.equal(read?.['responseBodyEncoding'], 'base64')
    const parts = namespace.events('records').filter(({ messageId }) => messageId?.startsWith(`${long.id}/`))
    assert.ok(parts.length >= (gzip ? 6 : 16))
    assert.equal(new Set(parts.map(({ partition }) => partition)).size, 1)
  }
})

test('a record that a hub cannot take is set aside with the reason, and the others arrive', async t => {
  const namespace = await startNamespace(t, { hub: { messageBytesMax: 3_000 } })
  const feed = openTestFeed(t, namespace)
  const broken = { ...recordedExchange({}), readBodies: () => assert.fail('damaged') }
  const wide = recordedExchange({ opened: { path: `/${'p'.repeat(2_000)}` }, request: 'x'.repeat(5_000) })
  const others = exchangesOf(3, 1, 10)
  await feed.take([others[0], broken, wide, ...others.slice(1)].filter(exchange => exchange !== undefined))
  assert.deepEqual(feed.aside.map(({ id }) => id).toSorted(), [broken.id, wide.id].toSorted())
  assert.match(feed.aside.map(({ reason }) => reason).join(), /needs messages of \d+ bytes at least/)
  const { records } = await readRecords(namespace, 3)
  assert.deepEqual(idsByKey(records), idsByKey(sentOf(others)))
})

// A namespace takes 1,000 events a second for each of its units. A feed that starts again at the beginning of its batch
// would use them up for the same first records, and never come to the last.
test('a busy hub gets each record once, a share at a time, and says when to come again', async t => {
  let room = 0
  const namespace = await startNamespace(t, {
    fate: ({ events }) => {
      if (room <= 0) return 'busy'
      room -= events
      return 'accept'
    },
  })
  const feed = openTestFeed(t, namespace)
  const exchanges = exchangesOf(400, 400)
  await assert.rejects(feed.take(exchanges), error => error instanceof RetryLaterError && error.afterMs === 4_000)
  const failures = await takeUntilTaken(feed, exchanges, () => {
    room = 50
  })
  assert.ok(failures.length >= 4 && failures.every(reason => reason.includes('ServerBusyError')))
  const { records, doubles } = await readRecords(namespace, exchanges.length)
  assert.equal(doubles, 0)
  assert.deepEqual(idsByKey(records), idsByKey(sentOf(exchanges)))
})

test('through lost links, cut connections, expired tokens, throttling and doubles every record arrives, in order', async t => {
  const fates: readonly PublicationFate[] = [
    'lose',
    'drop',
    'busy',
    'busy',
    'late',
    'double',
    ...Array.from({ length: 14 }, () => 'accept' as const),
  ]
  let faults = 25
  const namespace = await startNamespace(t, {
    fate: () => {
      const fate: PublicationFate = faults > 0 ? random.pick(fates) : 'accept'
      if (fate !== 'accept') faults -= 1
      return fate
    },
  })
  const feed = openTestFeed(t, namespace)
  const exchanges = exchangesOf(900, 30, 3_000)
  for (let from = 0; from < exchanges.length; from += 150) {
    const trouble = random.pick(['none', 'cut', 'expire', 'detach'] as const)
    if (trouble === 'cut') namespace.cutAfter(random.below(200_000))
    if (trouble === 'expire') namespace.expireTokens()
    if (trouble === 'detach') namespace.detachLinks()
    await takeUntilTaken(feed, exchanges.slice(from, from + 150))
  }
  const { records } = await readRecords(namespace, exchanges.length)
  assert.deepEqual(idsByKey(records), idsByKey(sentOf(exchanges)))
  assert.deepEqual(feed.aside, [])
})

// A collector keeps the offsets with its rows, and begins again after them.
test('a reader that begins again after its offsets gets what it has not had, and says that nothing is new and what failed', async t => {
  const namespace = await startNamespace(t, { hub: { partitions: 2 } })
  const feed = openTestFeed(t, namespace)
  const credential = { connectionString: namespace.connectionString }
  const settings = { hub: 'records', credential, consumerGroup: '$Default' }
  const read = async (from: ReadonlyMap<string, string>, count: number) => {
    const source = openSource(settings)
    const reading = new AbortController()
    const offsets = new Map(from)
    const ids: string[] = []
    for await (const messages of source.read(from, reading.signal)) {
      for (const { partition, offset, value } of messages) {
        offsets.set(partition, offset)
        ids.push(String(JSON.parse(String(value)).id))
      }
      if (ids.length >= count) reading.abort()
    }
    return { offsets, ids: ids.toSorted() }
  }
  const [first, second] = [exchangesOf(50, 20), exchangesOf(50, 20)]
  await feed.take(first)
  const before = await read(new Map(), 50)
  assert.deepEqual(before.ids, first.map(({ id }) => id).toSorted())
  assert.deepEqual((await read(before.offsets, 0)).ids, [])
  await feed.take(second)
  const after = await read(before.offsets, 50)
  assert.deepEqual(after.ids, second.map(({ id }) => id).toSorted())
  namespace.deleteHub('records')
  await assert.rejects(read(after.offsets, 1), /there is no such event hub/)
})
