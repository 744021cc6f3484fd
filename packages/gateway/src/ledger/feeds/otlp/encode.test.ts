import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReceivedSpan } from '@gatehouse/simulator'
import fc from 'fast-check'
import { readSpans } from '../../../../../simulator/src/otlp/decode.ts'
import { anyRecord, hostileTexts } from '../../fields.fixture.ts'
import type { RecordRow } from '../../record.ts'
import type { RecordedExchange } from '../index.ts'
import { recordedExchange } from '../recorded.fixture.ts'
import type { SpanSettings } from '../spans/settings.ts'
import { type RecordSpan, spanCount, spansOf } from '../spans/spans.ts'
import { SpanEncoder } from './encode.ts'

/** A record holds both halves. */
const exchangeOf = (row: RecordRow): RecordedExchange => ({
  ...recordedExchange(),
  id: row.id,
  opened: row,
  closed: row,
})

const nanoseconds = (ms: number): bigint =>
  BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.round((ms % 1) * 1_000_000))

const kinds = { internal: 1, server: 2, client: 3 } as const

/** What the collector reads of a span that was made as an object. */
const expected = ({ attributes, ...span }: RecordSpan): unknown => [
  ...[span.traceId, span.spanId, span.parentSpanId ?? '', span.name, kinds[span.kind], span.isError ? 2 : 0],
  ...[nanoseconds(span.startMs), nanoseconds(span.endMs)],
  attributes.names.map((name, at) => [name, attributes.values[at]]),
  span.events.map(({ name, atMs }) => ({ name, time: nanoseconds(atMs) })),
]

const read = (span: ReceivedSpan): unknown => [
  ...[span.traceId, span.spanId, span.parentSpanId, span.name, span.kind, span.code],
  ...[span.start, span.end],
  Object.entries(span.attributes),
  span.events,
]

// The feed writes spans without making them. A difference to the spans of the golden tests would be seen nowhere else.
test('the bytes of a request are the spans of its records, whatever these hold', () => {
  const settings = fc.record<SpanSettings>(
    {
      genai: fc.constantFrom('v1_41', 'v0_1', 'both'),
      callers: fc.boolean(),
      providers: fc.constantFrom({}, { east: 'openai' }),
    },
    { noNullPrototype: true },
  )
  const records = fc.array(fc.oneof(anyRecord(true, hostileTexts), anyRecord(true)), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(settings, records, (chosen, rows) => {
      const encoder = new SpanEncoder('gatehouse', chosen)
      const exchanges = rows.map(exchangeOf)
      // What was kept of the first request must not show in the second one.
      for (const _ of ['first', 'again']) {
        const spans = readSpans(encoder.encode(exchanges))
        const byReplica = Map.groupBy(rows, ({ replica }) => replica)
        const inOrder = [...byReplica.values()].flat()
        assert.deepEqual(spans.map(read), inOrder.flatMap(row => spansOf(row, chosen)).map(expected))
        assert.equal(
          spans.length,
          exchanges.reduce((sum, exchange) => sum + spanCount(exchange), 0),
        )
      }
    }),
  )
})

test('texts that do not repeat are not kept, and are sent all the same', () => {
  const encoder = new SpanEncoder('gatehouse', { genai: 'both', callers: true, providers: {} })
  const agents = Array.from({ length: 1_100 }, (_, at) => `agent/${at}`)
  const sent = agents.flatMap(userAgent => {
    const exchange = recordedExchange({ opened: { userAgent } })
    return readSpans(encoder.encode([exchange])).map(({ attributes }) => attributes['user_agent.original'])
  })
  assert.deepEqual(
    sent.filter(agent => agent !== undefined),
    agents,
  )
})
