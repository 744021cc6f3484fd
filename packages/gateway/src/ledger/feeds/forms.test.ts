import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closedOf, newId, openedOf } from '../exchange.fixture.ts'
import { LedgerError } from '../index.ts'
import type { JournalBodies } from '../journal/bodies.ts'
import { BodiesTooLongError } from '../journal/bodies.ts'
import { columnsOf, type FedRecord, fedRecordOrReason, feedForms } from './forms.ts'
import type { RecordedExchange } from './index.ts'

const noBodies: JournalBodies = { request: [], response: [] }

function exchangeWith(
  opened: Partial<RecordedExchange['opened']> = {},
  closed: Partial<RecordedExchange['closed']> = {},
  readBodies: () => JournalBodies | null = () => noBodies,
): RecordedExchange {
  const id = newId()
  return {
    id,
    opened: openedOf(id, opened),
    closed: closedOf(id, closed),
    ...{ journal: 'journal', closedAt: 0, bodies: { openedAt: 0, parts: [], closedAt: 0 }, readBodies },
    bodyPieces: direction => readBodies()?.[direction] ?? [],
  }
}

function recordOf(exchange: RecordedExchange): FedRecord {
  const record = fedRecordOrReason(exchange, true)
  if (typeof record === 'string') assert.fail(record)
  return record
}

// A line with half a surrogate pair or a NUL is refused whole by receivers, or cut there.
for (const form of feedForms) {
  test(`texts of clients and backends are readable text in every column of the form ${form}`, () => {
    const odd = 'a\0b\ud800c'
    const exchange = exchangeWith(
      { callerName: odd, target: odd, workload: odd, toolDeployments: [odd], path: `/${odd}`, userAgent: odd },
      {
        attempts: [{ instance: odd, status: 500, durationMs: 1, error: odd }],
        ...{ finishReason: odd, servedModel: odd, objectId: odd },
      },
    )
    const record = recordOf(exchange)
    const cells = columnsOf(form, null, true).map(({ name, cell }) => [name, cell(record)] as const)
    const texts = cells.map(([name, cell]) => `${name}: ${JSON.stringify(cell)}`)
    // JSON.stringify escapes both.
    assert.deepEqual(
      texts.filter(text => /\\u0000|\\ud800/.test(text)),
      [],
    )
    assert.ok(texts.filter(text => text.includes('a\ufffdb\ufffdc')).length >= 3)
  })
}

const oddBodies: Readonly<Record<string, Uint8Array>> = {
  text: Buffer.from('{"a":"ü😀"}'),
  'escaped half of a pair': Buffer.from('"\\ud800"'),
  'half of a pair': Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
  'a NUL': Buffer.from('a\0b'),
  'invalid UTF-8': Buffer.from([0xff, 0xfe, 0x41]),
  sound: Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 131) % 256)),
  'a text of 20 MB': Buffer.alloc(20_000_000, 'ü'),
}
const textBodies = new Set(['text', 'escaped half of a pair', 'a text of 20 MB'])
const bodyNames = {
  gatehouse: ['responseBody', 'responseBodyEncoding'],
  gen_ai: ['gatehouse.response.body', 'gatehouse.response.body.encoding'],
  apim: ['FullResponseBody', null],
} as const

// What the ledger shows of a call and what the receiver shows must be the same bytes.
for (const form of feedForms) {
  test(`a body of any bytes comes back from the form ${form} as it passed`, () => {
    for (const [name, body] of Object.entries(oddBodies)) {
      const halves = [body.subarray(0, 2), body.subarray(2)].map(half => Buffer.from(half))
      const record = recordOf(exchangeWith({}, {}, () => ({ request: [], response: halves })))
      const cells = new Map(columnsOf(form, null, true).map(column => [column.name, column.cell(record)]))
      const [bodyName, encodingName] = bodyNames[form]
      const encoding = textBodies.has(name) ? 'utf8' : 'base64'
      const line = JSON.stringify(cells.get(bodyName))
      assert.ok(Buffer.from(String(JSON.parse(line)), encoding).equals(body), name)
      if (encodingName !== null) assert.equal(cells.get(encodingName), encoding, name)
    }
  })
}

test('a record that can never be made has a reason; what may be over at the next try is thrown', () => {
  const withError = (error: Error): (() => FedRecord | string) => {
    const exchange = exchangeWith({}, {}, () => {
      throw error
    })
    return () => fedRecordOrReason(exchange, true)
  }
  assert.equal(withError(new LedgerError('ledger_corrupt', 'the bodies are damaged'))(), 'the bodies are damaged')
  assert.equal(withError(new TypeError('not understood'))(), 'not understood')
  const full = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' })
  assert.throws(withError(full), full)
  const memory = new RangeError('Array buffer allocation failed')
  assert.throws(withError(memory), memory)
  const native = Object.assign(new Error('Failed to allocate memory'), { code: 'ERR_MEMORY_ALLOCATION_FAILED' })
  assert.throws(withError(native), native)
  const long = withError(new BodiesTooLongError('an id', 10))()
  assert.ok(typeof long !== 'string' && long.request?.encoding === 'omitted')
})
