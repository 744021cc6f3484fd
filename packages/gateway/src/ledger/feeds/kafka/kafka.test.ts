import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type KafkaSimulator, startKafka } from '@gatehouse/simulator'
import { noiseOf } from '../../../../../../test/support/random.ts'
import { openSource } from '../../collect/kafka/index.ts'
import { keptLog, newId } from '../../exchange.fixture.ts'
import { PartJoiner, type RecordDocument, readMessage } from '../documents/index.ts'
import type { Feed, RecordedExchange } from '../index.ts'
import { recordedExchange } from '../recorded.fixture.ts'
import { tokenScope } from './client.ts'
import { openFeed } from './index.ts'
import { type ReadMessage, readTopic } from './reader.ts'
import type { KafkaSettings } from './settings.ts'

const users = { gatehouse: 'a-long-password' }
const credential = { mechanism: 'plain', username: 'gatehouse', password: users.gatehouse } as const

interface Fed {
  readonly kafka: KafkaSimulator
  readonly settings: KafkaSettings
  readonly feed: Feed
  readonly aside: (readonly [id: string, reason: string])[]
  sentBytes(): number
}

async function fed(t: TestContext, over: Partial<KafkaSettings> = {}, isClosed = false): Promise<Fed> {
  const kafka = await startKafka({ topics: { records: {} }, ...(isClosed ? { users } : {}) })
  const settings: KafkaSettings = {
    ...{ brokers: [kafka.address], topic: 'records', tls: false, compression: 'gzip', messageBytes: 1_000_000 },
    ...{ form: 'gatehouse', columns: null, bodies: true },
    ...over,
  }
  const aside: [string, string][] = []
  let bytes = 0
  const feed = await openFeed(settings, {
    ...{ name: 'stream', log: keptLog(), temporary: '/nowhere', pause: () => {} },
    setAside: (exchange, reason) => aside.push([exchange.id, reason]),
    sent: more => {
      bytes += more
    },
  })
  t.after(async () => {
    await feed.close?.()
    await kafka.close()
  })
  return { kafka, settings, feed, aside, sentBytes: () => bytes }
}

/** Everything that the topic has. */
async function messagesOf({ kafka, settings }: Fed, from = new Map<number, bigint>()): Promise<ReadMessage[]> {
  const found: ReadMessage[] = []
  const stop = new AbortController()
  const { messages } = kafka.counts(settings.topic)
  const onMoved = (): void => assert.fail('nothing was deleted')
  for await (const some of readTopic(settings, from, stop.signal, { onMoved })) {
    found.push(...some)
    if (found.length >= messages) break
  }
  return found
}

function documentsOf(messages: readonly ReadMessage[]): RecordDocument[] {
  const joiner = new PartJoiner<bigint>({
    clock: Date.now,
    onGivenUp: ({ id }) => assert.fail(id),
    onDamaged: id => assert.fail(id),
  })
  return messages.flatMap(({ value, offset }) => joiner.add(readMessage(value), offset) ?? [])
}

const callOf = (caller: number, response: Uint8Array | string = 'answer'): RecordedExchange =>
  recordedExchange({ opened: { callerObjectId: `22222222-3333-4444-5555-00000000000${caller}` }, response })

const failureOf = (feed: Feed, exchanges: readonly RecordedExchange[]): Promise<string> =>
  feed.take(exchanges).then(
    () => 'it was taken',
    error => String(error.message),
  )

test('records are in the topic, those of one caller and workload in one partition and in order, long ones in parts', async t => {
  const stream = await fed(t)
  const exchanges = Array.from({ length: 60 }, (_, at) =>
    callOf(at % 7, at === 30 ? 'é😀'.repeat(500_000) : `answer ${at}`),
  )
  await stream.feed.take(exchanges)
  const messages = await messagesOf(stream)
  const byKey = Map.groupBy(messages, ({ key }) => key)
  assert.equal(byKey.size, 7)
  for (const list of byKey.values()) assert.equal(new Set(list.map(({ partition }) => partition)).size, 1)
  for (const caller of [0, 1, 2, 3, 4, 5, 6]) {
    const wanted = exchanges.filter((_, at) => at % 7 === caller).map(({ id }) => id)
    const [key] = messages.filter(({ headers }) => headers['id'] === wanted[0]).map(message => message.key)
    assert.deepEqual([...new Set(byKey.get(key ?? '')?.map(({ headers }) => headers['id']))], wanted)
  }
  const long = messages.filter(({ headers }) => headers['id'] === exchanges[30]?.id).map(({ headers }) => headers)
  assert.ok(long.length > 2)
  const [first] = long
  assert.deepEqual(first, {
    ...{ id: exchanges[30]?.id, part: '1', parts: String(long.length), form: 'gatehouse' },
    'content-type': 'application/json',
  })
  const documents = new Map(documentsOf(messages).map(document => [document.id, document]))
  assert.equal(documents.size, 60)
  assert.equal(documents.get(exchanges[30]?.id ?? '')?.['responseBody'], 'é😀'.repeat(500_000))
  assert.ok(stream.sentBytes() > 3_000_000)
})

test('a batch whose answer is lost is sent again, and the broker leaves the double out', async t => {
  const stream = await fed(t)
  await stream.feed.take([callOf(1)])
  stream.kafka.setFault({ kind: 'drop_answer', times: 2 })
  await stream.feed.take([callOf(1), callOf(1)])
  assert.deepEqual(stream.kafka.counts('records'), { messages: 3, doubles: 2 })
})

test('a connection that ends before a batch is written, a changing leader and a throttled answer cost no record', async t => {
  const stream = await fed(t)
  const exchanges = Array.from({ length: 8 }, () => callOf(3))
  const faults = [{ kind: 'drop' }, { kind: 'not_leader' }, { kind: 'throttle', ms: 20 }] as const
  for (const [at, exchange] of exchanges.entries()) {
    const fault = faults[at % 4]
    if (fault !== undefined) stream.kafka.setFault({ ...fault, times: 1 })
    await stream.feed.take([exchange])
  }
  const ids = documentsOf(await messagesOf(stream)).map(({ id }) => id)
  assert.deepEqual(
    [...new Set(ids)],
    exchanges.map(({ id }) => id),
  )
})

test('after a failure the same records are taken again by a new producer, in order', async t => {
  const stream = await fed(t)
  const exchanges = Array.from({ length: 4 }, () => callOf(5))
  stream.kafka.setFault({ kind: 'not_leader', times: 20 })
  assert.match(await failureOf(stream.feed, exchanges), /^Topic records changes its leader just now/)
  stream.kafka.clearFaults()
  await stream.feed.take(exchanges)
  const ids = documentsOf(await messagesOf(stream)).map(({ id }) => id)
  assert.deepEqual(
    [...new Set(ids)],
    exchanges.map(({ id }) => id),
  )
})

test('what is wrong is said with what to change, and without a credential', async t => {
  const { kafka } = await fed(t, {}, true)
  const say = async (over: Partial<KafkaSettings>): Promise<string> => {
    const { feed } = await fed(t, { brokers: [kafka.address], ...over })
    return failureOf(feed, [callOf(0)])
  }
  const wrong = await say({ credential: { ...credential, password: 'another-password' } })
  assert.match(wrong, /^Kafka 127\.0\.0\.1:\d+: the credential was refused\. Check `credential`/)
  assert.ok(!wrong.includes('password'))
  assert.match(
    await say({ credential: { ...credential, mechanism: 'scram-sha-256' } }),
    /Change `credential\.mechanism`|refused/,
  )
  assert.match(await say({}), /closed the connection.*sign-in \(`credential`\)/)
  assert.match(
    await say({ credential, topic: 'nowhere' }),
    /^Topic nowhere does not exist\. Make it, or correct `topic`/,
  )
  assert.equal(await say({ credential }), 'it was taken')
  kafka.removeTopic('records')
  assert.match(await say({ credential }), /^Topic records does not exist/)
})

test('a topic that is deleted while the feed runs is named, and taken up again when it was made anew', async t => {
  const stream = await fed(t)
  await stream.feed.take([callOf(1)])
  stream.kafka.removeTopic('records')
  const [next] = [callOf(1)]
  assert.match(await failureOf(stream.feed, [next]), /^Topic records does not exist/)
  stream.kafka.addTopic('records')
  await stream.feed.take([next])
  assert.deepEqual(
    documentsOf(await messagesOf(stream)).map(({ id }) => id),
    [next.id],
  )
})

test('a topic that takes less than is configured is named; a limit that is kept needs no more than parts', async t => {
  const stream = await fed(t, { compression: 'none', messageBytes: 200_000 })
  stream.kafka.addTopic('records', { messageBytesMax: 100_000 })
  const exchange = callOf(1, noiseOf(1, 300_000))
  assert.match(
    await failureOf(stream.feed, [exchange]),
    /^Topic records takes no messages of this size\. Lower `messageBytes`/,
  )
  const { feed } = await fed(t, { brokers: [stream.kafka.address], compression: 'none', messageBytes: 100_000 })
  await feed.take([exchange])
  assert.ok(stream.kafka.counts('records').messages > 3)
  const [document] = documentsOf(await messagesOf(stream))
  assert.equal(document?.['responseBody'], noiseOf(1, 300_000).toString('base64'))
})

test('a record that cannot be read is set aside when the others are written', async t => {
  const stream = await fed(t)
  const damaged: RecordedExchange = {
    ...callOf(2),
    readBodies() {
      throw new Error('the bodies are damaged')
    },
  }
  await stream.feed.take([callOf(2), damaged, callOf(2)])
  assert.deepEqual(stream.aside, [[damaged.id, 'the bodies are damaged']])
  assert.equal(stream.kafka.counts('records').messages, 2)
})

test('a source reads on after its offsets, says when nothing is new, and begins again in a topic that was made anew', async t => {
  const stream = await fed(t)
  const before = Array.from({ length: 9 }, (_, at) => callOf(at % 3))
  await stream.feed.take(before)
  const log = keptLog()
  const source = openSource(stream.settings, { log })
  const stop = new AbortController()
  const offsets = new Map<string, string>()
  const idsFrom = async (from: ReadonlyMap<string, string>, count: number): Promise<string[]> => {
    const ids: string[] = []
    for await (const some of source.read(from, stop.signal)) {
      for (const { partition, offset, headers } of some) {
        offsets.set(partition, offset)
        ids.push(headers['id'] ?? '')
      }
      if (ids.length >= count) break
    }
    return ids.toSorted()
  }
  assert.deepEqual(await idsFrom(new Map(), 9), before.map(({ id }) => id).toSorted())
  for await (const nothing of source.read(new Map(offsets), stop.signal)) {
    assert.deepEqual(nothing, [])
    break
  }
  const after = callOf(1)
  await stream.feed.take([after])
  assert.deepEqual(await idsFrom(new Map(offsets), 1), [after.id])
  assert.deepEqual(log.lines, [])
  stream.kafka.addTopic('records')
  const anew = callOf(1)
  await stream.feed.take([anew])
  assert.deepEqual(await idsFrom(new Map(offsets), 1), [anew.id])
  assert.ok(log.lines.length > 0 && log.lines.every(({ level }) => level === 'warn'))
})

test('a token is for the namespace of the first broker', () => {
  const id = newId()
  assert.equal(tokenScope([`${id}.servicebus.windows.net:9093`]), `https://${id}.servicebus.windows.net/.default`)
})
