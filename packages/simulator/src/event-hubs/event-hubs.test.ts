import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  EventHubConsumerClient,
  EventHubProducerClient,
  type EventPosition,
  earliestEventPosition,
  type ReceivedEventData,
} from '@azure/event-hubs'
import { startEventHubs } from './index.ts'
import type { EventHubsOptions, EventHubsSimulator } from './types.ts'

const keys = { sender: 'a-key-of-the-namespace' }
const options = { retryOptions: { maxRetries: 0, timeoutInMs: 3_000 } }

async function start(t: TestContext, over: Partial<EventHubsOptions> = {}): Promise<EventHubsSimulator> {
  const namespace = await startEventHubs({ hubs: { records: { partitions: 3 } }, keys, ...over })
  t.after(() => namespace.close())
  return namespace
}

/** Closed before the namespace, for whose answer it would wait. */
async function withProducer<T>(
  { connectionString }: Pick<EventHubsSimulator, 'connectionString'>,
  use: (producer: EventHubProducerClient) => Promise<T>,
): Promise<T> {
  const producer = new EventHubProducerClient(connectionString, 'records', options)
  try {
    return await use(producer)
  } finally {
    await producer.close()
  }
}

const eventsOf = (count: number, first = 0) =>
  Array.from({ length: count }, (_, at) => ({
    body: Buffer.from(`event ${first + at}`),
    messageId: `id-${first + at}`,
    contentType: 'text/plain',
    properties: { number: first + at },
  }))

/** Reads a partition until it has this many events. */
async function read(
  namespace: EventHubsSimulator,
  partition: string,
  count: number,
  startPosition: EventPosition = earliestEventPosition,
): Promise<readonly ReceivedEventData[]> {
  const client = new EventHubConsumerClient('$Default', namespace.connectionString, 'records', options)
  const events: ReceivedEventData[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const subscription = client.subscribe(
    partition,
    {
      async processEvents(arrived) {
        events.push(...arrived)
        if (events.length >= count) resolve()
      },
      async processError(error) {
        reject(error)
      },
    },
    { startPosition, maxBatchSize: 50, skipParsingBodyAsJson: true },
  )
  try {
    await promise
    return events
  } finally {
    await subscription.close()
    await client.close()
  }
}

test('the unmodified client sends batches and reads them back, those of a key in one partition and in order', async t => {
  const namespace = await start(t)
  await withProducer(namespace, async producer => {
    await producer.sendBatch(eventsOf(300), { partitionKey: 'alice' })
    await producer.sendBatch(eventsOf(100, 300), { partitionKey: 'alice' })
    await producer.sendBatch(eventsOf(5, 1_000), { partitionId: '2' })
    assert.deepEqual(await producer.getPartitionIds(), ['0', '1', '2'])
    const { partition = '' } = namespace.events('records').find(({ partitionKey }) => partitionKey === 'alice') ?? {}
    const facts = await producer.getPartitionProperties(partition)
    const events = (await read(namespace, partition, 400)).filter(({ partitionKey }) => partitionKey === 'alice')
    assert.deepEqual(
      events.map(({ body, messageId, contentType, properties }) => [String(body), messageId, contentType, properties]),
      eventsOf(400).map(({ body, messageId, contentType, properties }) => [
        String(body),
        messageId,
        contentType,
        properties,
      ]),
    )
    assert.equal(facts.isEmpty, false)
    assert.equal(
      facts.lastEnqueuedSequenceNumber,
      namespace.events('records').filter(e => e.partition === partition).length - 1,
    )
  })
})

test('a reader starts after an offset, a sequence number or a time, or with what comes', async t => {
  let now = Date.UTC(2026, 10, 26)
  const namespace = await start(t, { clock: () => now })
  await withProducer(namespace, async producer => {
    for (let at = 0; at < 10; at += 1) {
      await producer.sendBatch(eventsOf(1, at), { partitionId: '0' })
      now += 1_000
    }
    const [, , third] = namespace.events('records')
    const numbers = async (count: number, position: EventPosition) =>
      (await read(namespace, '0', count, position)).map(({ properties }) => properties?.['number'])
    assert.deepEqual(await numbers(7, { offset: third?.offset ?? '' }), [3, 4, 5, 6, 7, 8, 9])
    assert.deepEqual(await numbers(8, { offset: third?.offset ?? '', isInclusive: true }), [2, 3, 4, 5, 6, 7, 8, 9])
    assert.deepEqual(await numbers(2, { sequenceNumber: 7 }), [8, 9])
    assert.deepEqual(await numbers(3, { enqueuedOn: Date.UTC(2026, 10, 26) + 6_500 }), [7, 8, 9])
  })
})

test('batches, keys and hubs that the service refuses are refused with its conditions', async t => {
  const namespace = await start(t, { hubs: { records: { messageBytesMax: 10_000 } } })
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'accepted',
      error => error.code,
    )
  await withProducer(namespace, async producer => {
    const batch = await producer.createBatch()
    assert.equal(batch.maxSizeInBytes, 10_000)
    assert.equal(batch.tryAdd({ body: Buffer.alloc(10_001) }), false)
    assert.equal(await codeOf(producer.sendBatch([{ body: Buffer.alloc(10_001) }])), 'MessageTooLargeError')
    assert.equal(await codeOf(producer.sendBatch([{ body: 'fits' }])), 'accepted')
  })
  namespace.deleteHub('records')
  assert.deepEqual(namespace.events('records'), [])
  const open = (connectionString: string) =>
    withProducer({ connectionString }, producer => codeOf(producer.createBatch()))
  assert.equal(await open(namespace.connectionString), 'MessagingEntityNotFoundError')
  namespace.createHub('records')
  assert.equal(await open(namespace.connectionString.replace(keys.sender, 'another-key')), 'UnauthorizedError')
  assert.equal(await open(namespace.connectionString.replace('sender', 'stranger')), 'UnauthorizedError')
  assert.equal(await open(namespace.connectionString), 'accepted')
})

test('a batch is kept whole or not at all, whatever its fate', async t => {
  const fates = ['busy', 'lose', 'drop', 'late', 'double', 'accept'] as const
  const left = [...fates]
  const namespace = await start(t, { fate: () => left.shift() ?? 'accept' })
  const kept: number[] = []
  for (const _ of fates) {
    const before = namespace.events('records').length
    await withProducer(namespace, producer => producer.sendBatch(eventsOf(10))).catch(() => {})
    kept.push(namespace.events('records').length - before)
  }
  assert.deepEqual(kept, [0, 0, 10, 10, 20, 10])
})

test('a connection that is cut in the middle of a batch leaves nothing of it', async t => {
  const namespace = await start(t)
  namespace.cutAfter(200_000)
  const large = [{ body: Buffer.alloc(900_000) }]
  await assert.rejects(withProducer(namespace, producer => producer.sendBatch(large)))
  assert.deepEqual(namespace.events('records'), [])
  await withProducer(namespace, producer => producer.sendBatch(large))
  assert.equal(namespace.events('records').length, 1)
})

test('the oldest events are dropped beyond the bound of what is kept', async t => {
  const namespace = await start(t, { hubs: { records: { partitions: 1, keptBytesMax: 100_000 } } })
  await withProducer(namespace, async producer => {
    for (let at = 0; at < 30; at += 1)
      await producer.sendBatch([{ body: Buffer.alloc(10_000), properties: { number: at } }])
  })
  const numbers = (await read(namespace, '0', 9)).map(({ properties }) => properties?.['number'])
  assert.deepEqual(numbers, [21, 22, 23, 24, 25, 26, 27, 28, 29])
})

test('the newest reader with an owner level has the partition', async t => {
  const namespace = await start(t)
  await withProducer(namespace, producer => producer.sendBatch(eventsOf(1), { partitionId: '0' }))
  const subscribe = (ownerLevel: number) => {
    const client = new EventHubConsumerClient('$Default', namespace.connectionString, 'records', options)
    const events = Promise.withResolvers<void>()
    const failure = Promise.withResolvers<unknown>()
    const subscription = client.subscribe(
      '0',
      {
        async processEvents(arrived) {
          if (arrived.length > 0) events.resolve()
        },
        async processError(error) {
          failure.resolve('code' in error ? error.code : error.message)
        },
      },
      { startPosition: earliestEventPosition, ownerLevel },
    )
    const close = async (): Promise<void> => {
      await subscription.close()
      await client.close()
    }
    return { events: events.promise, failure: failure.promise, close }
  }
  const first = subscribe(1)
  await first.events
  const second = subscribe(2)
  await second.events
  assert.equal(await first.failure, 'ReceiverDisconnectedError')
  const third = subscribe(1)
  assert.equal(await third.failure, 'ReceiverDisconnectedError')
  for (const { close } of [first, second, third]) await close()
})
