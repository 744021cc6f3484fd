import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, globSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { type KafkaSimulator, startKafka } from '../../../../simulator/src/kafka/index.ts'
import { linesOf } from '../collect/files/lines.ts'
import { closedOf, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { PartJoiner, type RecordDocument, readMessage } from './documents/index.ts'
import { readTopic } from './kafka/reader.ts'
import type { FeedKind } from './kinds.ts'

const requestBytes = 100_000_000
/** All of the body is as much as bytes, and more as text. */
const heldBytesMax = requestBytes
const topic = 'records'
const sent = { form: 'gatehouse', columns: null, bodies: true }
const shipper = fileURLToPath(new URL('./ship.fixture.ts', import.meta.url))
const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

interface LongLedger {
  readonly directory: string
  readonly id: string
  readonly request: string
  readonly response: Buffer
}

/** A ledger with an upload of 100 MB, as text that JSON escapes, written as it came: cut within code points. */
async function longLedger(t: TestContext): Promise<LongLedger> {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  const id = newId()
  const request = Buffer.alloc(requestBytes, 'é"\n😀')
  const response = randomBytes(1_000_000)
  await ledger.journal.open(openedOf(id), [])
  const step = 1_000_003
  for (let from = 0; from < requestBytes; from += step)
    await ledger.journal.progress(id, 'request', [request.subarray(from, from + step)])
  await ledger.journal.close(closedOf(id, { requestBytes, responseBytes: response.byteLength }), [response])
  await ledger.close()
  return { directory, id, request: sha256(request), response }
}

/** @returns by how many bytes what the feed's process holds in memory grew at most. */
async function ship(directory: string, kind: FeedKind, settings: object): Promise<number> {
  const args = ['--expose-gc', shipper, directory, kind, JSON.stringify({ ...sent, ...settings })]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return Number(stdout)
}

async function* inFiles(directory: string): AsyncGenerator<RecordDocument> {
  for (const name of globSync('day=*/hour=*/files-*.jsonl', { cwd: directory })) {
    for await (const { value } of linesOf(createReadStream(join(directory, name)))) yield readMessage(value)
  }
}

async function* inTopic(kafka: KafkaSimulator): AsyncGenerator<RecordDocument> {
  const reading = new AbortController()
  const onMoved = (): void => assert.fail('messages were forgotten')
  let left = kafka.counts(topic).messages
  for await (const batch of readTopic(connectionTo(kafka), new Map(), reading.signal, { onMoved })) {
    for (const { value } of batch) yield readMessage(value)
    left -= batch.length
    if (left <= 0) reading.abort()
  }
}

const connectionTo = (kafka: KafkaSimulator) => ({ brokers: [kafka.address], topic, tls: false })

async function assertArrived(documents: AsyncIterable<RecordDocument>, ledger: LongLedger): Promise<void> {
  const joiner = new PartJoiner<null>({
    clock: () => 0,
    onGivenUp: ({ id }) => assert.fail(`${id} was given up`),
    onDamaged: id => assert.fail(`${id} is damaged`),
  })
  const records: RecordDocument[] = []
  let parts = 0
  for await (const document of documents) {
    parts += 1
    const record = joiner.add(document, null)
    if (record !== null) records.push(record)
  }
  assert.ok(parts > 5, `${parts} parts`)
  assert.equal(records.length, 1)
  const { id, requestBody, requestBodyEncoding, responseBody, responseBodyEncoding } = records[0] ?? { id: '' }
  assert.deepEqual([id, requestBodyEncoding, responseBodyEncoding], [ledger.id, 'utf8', 'base64'])
  assert.equal(sha256(String(requestBody)), ledger.request)
  assert.ok(Buffer.from(String(responseBody), 'base64').equals(ledger.response))
}

// Files of batches and of training are that long. Whoever reads the feed must get them, and the feed must live.
test('bodies of 100 MB arrive whole as files and through a topic, and are never in memory as a whole', {
  timeout: 300_000,
}, async t => {
  const ledger = await longLedger(t)
  const out = temporaryDirectory('ledger')
  const ofFiles = await ship(ledger.directory, 'files', { directory: out, format: 'jsonl' })
  await assertArrived(inFiles(out), ledger)

  const kafka = await startKafka({ topics: { [topic]: { partitions: 1 } } })
  t.after(() => kafka.close())
  const connection = { ...connectionTo(kafka), compression: 'gzip', messageBytes: 1_000_000 }
  const ofKafka = await ship(ledger.directory, 'kafka', connection)
  await assertArrived(inTopic(kafka), ledger)
  const found = `${ofFiles} bytes are held for files, ${ofKafka} for a topic`
  t.diagnostic(found)
  assert.ok(ofFiles < heldBytesMax && ofKafka < heldBytesMax, found)
})
