import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BodiesTooLongError } from '../../journal/bodies.ts'
import { type FeedForm, feedForms } from '../forms.ts'
import type { RecordedExchange } from '../index.ts'
import { recordedExchange } from '../recorded.fixture.ts'
import {
  type IncompleteRecord,
  MessageWriter,
  orderingKey,
  PartJoiner,
  type RecordDocument,
  type RecordMessage,
  readMessage,
  UnreadableMessageError,
  UnsendableError,
} from './index.ts'

const writerOf = (form: FeedForm = 'gatehouse', gzip = false): MessageWriter =>
  new MessageWriter({ form, columns: null, bodies: true, gzip })

interface TestJoiner extends PartJoiner<number> {
  now: number
  readonly givenUp: { readonly record: IncompleteRecord<number>; readonly reason: string }[]
  readonly damaged: (readonly [id: string, part: number | null])[]
}

function testJoiner(over: { bytesMax?: number; waitMsMax?: number } = {}): TestJoiner {
  const kept: Pick<TestJoiner, 'now' | 'givenUp' | 'damaged'> = { now: 0, givenUp: [], damaged: [] }
  const joiner: TestJoiner = Object.assign(
    new PartJoiner<number>({
      clock: (): number => joiner.now,
      onGivenUp: (record, reason) => kept.givenUp.push({ record, reason }),
      onDamaged: (id, part) => kept.damaged.push([id, part]),
      ...over,
    }),
    kept,
  )
  return joiner
}

const documentOf = ({ body, contentEncoding }: RecordMessage): RecordDocument => readMessage(body, contentEncoding)

/** What a writer without a limit sends. */
const wholeOf = (exchange: RecordedExchange, form: FeedForm = 'gatehouse'): string => {
  const [message] = writerOf(form).messages(exchange, Number.MAX_SAFE_INTEGER)
  return String(message?.body)
}

const body = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3_000 }).map(text => Buffer.from(text)),
  fc.uint8Array({ maxLength: 2_000 }).map(bytes => Buffer.from(bytes)),
)
const exchanges = fc.record({ request: body, response: body }).map(recordedExchange)

test('records of any bodies come back from their messages under any limit, in any order and with doubles', () => {
  const cases = fc.record({
    exchange: exchanges,
    form: fc.constantFrom(...feedForms),
    gzip: fc.boolean(),
    bytesMax: fc.integer({ min: 2_900, max: 9_000 }),
    order: fc.infiniteStream(fc.nat(1_000)),
    doubles: fc.infiniteStream(fc.boolean()),
  })
  fc.assert(
    fc.property(cases, ({ exchange, form, gzip, bytesMax, order, doubles }) => {
      const messages = [...writerOf(form, gzip).messages(exchange, bytesMax)]
      assert.ok(messages.every(message => message.body.byteLength <= bytesMax && message.id === exchange.id))
      const next = <T>(stream: Stream<T>): T => stream.next().value
      const sent = [...messages, ...messages.filter(() => next(doubles))]
        .map(message => ({ message, at: next(order) }))
        .toSorted((a, b) => a.at - b.at)
      const joiner = testJoiner()
      const joined = sent.flatMap(({ message }, at) => joiner.add(documentOf(message), at) ?? [])
      // A whole record passes as often as it comes.
      assert.ok(joined.length === 1 || messages.length === 1)
      for (const record of joined) assert.equal(JSON.stringify(record), wholeOf(exchange, form))
      assert.deepEqual([[...joiner.incomplete()], joiner.waitingBytes], [[], 0])
    }),
  )
})

/** The same exchange with bodies that are too long for the memory, read in pieces of these sizes. */
function tooLong(exchange: RecordedExchange, sizes: readonly number[]): RecordedExchange {
  return {
    ...exchange,
    readBodies(bytesMax = Number.POSITIVE_INFINITY) {
      throw new BodiesTooLongError(exchange.id, bytesMax)
    },
    *bodyPieces(direction) {
      const whole = Buffer.concat([...exchange.bodyPieces(direction)])
      let from = 0
      for (const size of sizes) {
        yield whole.subarray(from, from + size)
        from += size
      }
      yield whole.subarray(from)
    },
  }
}

test('bodies that are read piece by piece, cut anywhere, make the same record', () => {
  const cases = fc.record({
    exchange: exchanges,
    form: fc.constantFrom(...feedForms),
    gzip: fc.boolean(),
    bytesMax: fc.integer({ min: 3_200, max: 12_000 }),
    sizes: fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 }),
  })
  fc.assert(
    fc.property(cases, ({ exchange, form, gzip, bytesMax, sizes }) => {
      const messages = [...writerOf(form, gzip).messages(tooLong(exchange, sizes), bytesMax)]
      assert.ok(messages.every(message => message.body.byteLength <= bytesMax))
      const joiner = testJoiner()
      const records = messages.flatMap(message => joiner.add(documentOf(message), 0) ?? [])
      assert.deepEqual(
        records.map(record => JSON.stringify(record)),
        [wholeOf(exchange, form)],
      )
      assert.deepEqual(joiner.damaged, [])
    }),
  )
})

test('a record whose long bodies were deleted goes without them, and one whose bodies are damaged is unsendable', () => {
  const exchange = tooLong(recordedExchange({ request: 'x' }), [])
  let reads = 0
  const deleted: RecordedExchange = {
    ...exchange,
    // Deleted after the first look.
    readBodies: bytesMax => (reads++ === 0 ? exchange.readBodies(bytesMax) : null),
  }
  const [message] = writerOf().messages(deleted, 9_000)
  const { requestBody, requestBodyEncoding } = JSON.parse(String(message?.body))
  assert.deepEqual([requestBody, requestBodyEncoding], [null, null])
  const damaged: RecordedExchange = {
    ...exchange,
    bodyPieces() {
      throw new Error('damaged')
    },
  }
  assert.throws(() => writerOf().messages(damaged, 9_000), UnsendableError)
})

test('a record that is too long for the joiner comes without its bodies, and the next one whole', () => {
  const long = { request: 'ü'.repeat(3_000), response: 'x'.repeat(60_000) }
  for (const form of feedForms) {
    const joiner = testJoiner({ bytesMax: 100_000 })
    const exchange = recordedExchange(long)
    // The first part comes last, and the second twice.
    const [first, ...others] = [...writerOf(form).messages(exchange, 8_000)].map(documentOf)
    assert.ok(first !== undefined && others.length > 5)
    for (const document of [...others, ...others.slice(0, 1)]) assert.equal(joiner.add(document, 0), null)
    const record = joiner.add(first, 0)
    const whole = JSON.parse(wholeOf(exchange, form)) as RecordDocument
    const left = Object.entries(whole).map(([name, value]) => {
      if (/body$/i.test(name)) return [name, null]
      return [name, /body\.?encoding$/i.test(name) ? 'omitted' : value]
    })
    assert.deepEqual(record, Object.fromEntries(left))
    const next = recordedExchange({ response: 'y'.repeat(20_000) })
    const joined = [...writerOf(form).messages(next, 8_000)].flatMap(one => joiner.add(documentOf(one), 0) ?? [])
    assert.equal(JSON.stringify(joined[0]), wholeOf(next, form))
    assert.deepEqual([joiner.givenUp, joiner.damaged, joiner.waitingBytes], [[], [], 0])
  }
})

type Stream<T> = { next(): { readonly value: T } }

test('a record of which a part is missing is not given out, and the joiner says which part', () => {
  const exchange = recordedExchange({ request: 'é😀"\n'.repeat(3_000) })
  const messages = [...writerOf().messages(exchange, 5_000)]
  assert.ok(messages.length > 5)
  const joiner = testJoiner({ waitMsMax: 1_000 })
  for (const [at, message] of messages.entries())
    if (at !== 2) assert.equal(joiner.add(documentOf(message), 70 + at), null)
  const record = { id: exchange.id, parts: messages.length, missing: [3], from: 70, firstReadAtMs: 0 }
  assert.deepEqual([...joiner.incomplete()], [record])
  joiner.now = 999
  joiner.expire()
  assert.deepEqual(joiner.givenUp, [])
  joiner.now = 1_000
  joiner.expire()
  assert.deepEqual(joiner.givenUp, [{ record, reason: 'time' }])
  assert.deepEqual([[...joiner.incomplete()], joiner.waitingBytes], [[], 0])
})

test('parts that wait take a bounded amount of memory: the oldest record is given up first', () => {
  const bytesMax = 100_000
  const joiner = testJoiner({ bytesMax })
  const ids = Array.from({ length: 20 }, () => {
    const exchange = recordedExchange({ response: 'x'.repeat(20_000) })
    const [first] = writerOf().messages(exchange, 8_000)
    if (first !== undefined) joiner.add(documentOf(first), 0)
    assert.ok(joiner.waitingBytes <= bytesMax)
    return exchange.id
  })
  const givenUp = joiner.givenUp.map(({ record }) => record.id)
  assert.ok(givenUp.length > 5)
  assert.deepEqual(givenUp, ids.slice(0, givenUp.length))
  assert.ok(joiner.givenUp.every(({ reason }) => reason === 'memory'))
  assert.deepEqual(
    [...joiner.incomplete()].map(({ id }) => id),
    ids.slice(givenUp.length),
  )
})

test('a part that is not as it was sent is reported and left out; its double completes the record', () => {
  const exchange = recordedExchange({ request: 'a'.repeat(9_000) })
  const documents = [...writerOf().messages(exchange, 5_000)].map(documentOf)
  const joiner = testJoiner()
  const [first, ...others] = documents
  assert.ok(first !== undefined && others.length > 0)
  joiner.add({ ...first, requestBody: 'b' }, 0)
  for (const document of others) assert.equal(joiner.add(document, 0), null)
  assert.deepEqual(joiner.damaged, [[exchange.id, 1]])
  assert.equal(JSON.stringify(joiner.add(first, 0)), wholeOf(exchange))
})

// A hub gets another limit while a record is sent, and the record is sent again from its beginning.
test('a record that is sent again and cut in other places is joined from the parts of one cut', () => {
  const exchange = recordedExchange({ request: 'abc'.repeat(4_000), response: 'd'.repeat(5_000) })
  const cut = (bytesMax: number): RecordDocument[] => [...writerOf().messages(exchange, bytesMax)].map(documentOf)
  const [before, again] = [cut(8_000), cut(8_050)]
  assert.equal(before.length, again.length)
  const joiner = testJoiner()
  for (const document of [...before.slice(0, 2), ...again.slice(0, -1)]) assert.equal(joiner.add(document, 0), null)
  const record = again.slice(-1).map(document => joiner.add(document, 0))
  assert.equal(JSON.stringify(record[0]), wholeOf(exchange))
  assert.deepEqual(
    [...joiner.incomplete()].map(({ missing }) => missing[0]),
    [3],
  )
})

test('a record that no message can hold is refused with the size that it needs', () => {
  const exchange = recordedExchange({ request: 'x'.repeat(50_000) })
  const refusal = (bytesMax: number): string => {
    try {
      return `${[...writerOf().messages(exchange, bytesMax)].length} messages`
    } catch (error) {
      assert.ok(error instanceof UnsendableError)
      return error.message
    }
  }
  const least = Number(/of (\d+) bytes at least/.exec(refusal(300))?.[1])
  assert.match(refusal(least - 1), /of \d+ bytes at least, and one may have/)
  assert.match(refusal(least), /^\d+ messages$/)
})

test('bodies that cannot be read make a record unsendable; a failing disk does not', () => {
  const broken = (error: Error): RecordedExchange => ({
    ...recordedExchange({ request: 'x' }),
    readBodies() {
      throw error
    },
  })
  assert.throws(() => writerOf().messages(broken(new Error('damaged')), 9_000), UnsendableError)
  const system = Object.assign(new Error('EIO'), { syscall: 'read' })
  assert.throws(
    () => writerOf().messages(broken(system), 9_000),
    error => error === system,
  )
})

test('records of one caller and workload have one key, others have another', () => {
  const keyOf = (opened: NonNullable<Parameters<typeof recordedExchange>[0]>['opened']): string =>
    orderingKey(recordedExchange({ opened: opened ?? {} }).opened)
  const alice = keyOf({})
  assert.match(alice, /^[0-9a-f]{32}$/)
  assert.equal(keyOf({ callerName: 'Alice Renamed', callerAppId: null }), alice)
  assert.notEqual(keyOf({ workload: 'other' }), alice)
  assert.notEqual(keyOf({ callerObjectId: '22222222-3333-4444-5555-000000000000' }), alice)
  assert.notEqual(keyOf({ callerKind: 'application' }), alice)
  assert.match(keyOf({ callerKind: null, workload: null }), /^[0-9a-f]{32}$/)
})

test('what is no record is refused without a word of it', () => {
  const secret = 'prompt of a person'
  const unreadable: readonly (readonly [Buffer, string | null])[] = [
    [Buffer.from(secret), null],
    [Buffer.from(JSON.stringify([secret])), null],
    [Buffer.from(JSON.stringify({ secret })), null],
    [Buffer.from(JSON.stringify({ id: secret })), 'gzip'],
    [Buffer.from(JSON.stringify({ id: secret })), 'br'],
  ]
  const refused = (error: unknown): boolean =>
    error instanceof UnreadableMessageError && !error.message.includes(secret)
  for (const [value, encoding] of unreadable) assert.throws(() => readMessage(value, encoding), refused)
  const numbers = { part: 1, parts: 2, cut: '0'.repeat(16), partSha256: '0'.repeat(64), bodiesSha256: '0'.repeat(64) }
  for (const over of [
    { part: 3 },
    { part: 0 },
    { parts: 1e9 },
    { parts: '2' },
    { partSha256: 'x' },
    { bodiesSha256: 1 },
    { cut: 'x' },
  ])
    assert.throws(() => testJoiner().add({ id: secret, ...numbers, ...over }, 0), refused)
})
