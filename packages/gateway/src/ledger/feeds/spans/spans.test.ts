import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { noUsage } from '../../../wire/usage.ts'
import { anyRecord, hostileTexts } from '../../fields.fixture.ts'
import { fedRecordOrReason } from '../forms.ts'
import type { RecordedExchange } from '../index.ts'
import { otlpSettings } from '../otlp/otlp.fixture.ts'
import { type ExchangeParts, recordedExchange } from '../recorded.fixture.ts'
import type { AttributeValue } from './attributes.ts'
import { attemptSpan } from './ids.ts'
import { shareOf, takesShare } from './sample.ts'
import type { SampleSettings, SpanSettings } from './settings.ts'
import { type RecordSpan, spansOf } from './spans.ts'

const id = '019abcde-f012-7345-8678-9abcdef01234'
const traceId = '019abcdef012734586789abcdef01234'

interface ShownSpan extends Omit<RecordSpan, 'attributes'> {
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>
}

function shown({ attributes: { names, values }, ...span }: RecordSpan): ShownSpan {
  return { ...span, attributes: Object.fromEntries(names.map((name, at) => [name, values[at]])) }
}

function spansFrom(parts: ExchangeParts, settings: Partial<SpanSettings> = {}): ShownSpan[] {
  const record = fedRecordOrReason(recordedExchange({ id, ...parts }), false)
  assert.ok(typeof record !== 'string', String(record))
  return spansOf(record.row, { ...otlpSettings, ...settings }).map(shown)
}

const reported = { ...noUsage, source: 'reported', promptTokens: 10, completionTokens: 5, totalTokens: 15 } as const

// The golden one: what a back end reads by name is exactly this.
test('a streamed call is a SERVER span, a GenAI span and an attempt, with the names of the conventions', () => {
  const usage = { ...reported, cachedTokens: 4, reasoningTokens: 2 }
  const [server, call, attempt, ...others] = spansFrom({
    opened: { stream: true, replica: 'gw-1' },
    closed: { usage, serviceTier: 'default', objectId: 'resp_1', requestBytes: 170, responseBytes: 800 },
  })
  assert.deepEqual(others, [])
  assert.ok(server !== undefined && call !== undefined && attempt !== undefined)
  assert.deepEqual(server, {
    traceId,
    spanId: server.spanId,
    parentSpanId: null,
    name: 'POST chat/completions',
    kind: 'server',
    startMs: 1_780_000_000_000,
    endMs: 1_780_000_000_900,
    attributes: {
      'gatehouse.request_id': id,
      'http.request.method': 'POST',
      'gatehouse.outcome': 'completed',
      'http.response.status_code': 200,
      'gatehouse.workload': 'hr-bot',
      'gatehouse.target': 'main',
      'gatehouse.requested_model': 'gpt-4o',
      'gatehouse.api_version': '2024-10-21',
      'url.path': '/main/hr-bot/openai/deployments/gpt-4o/chat/completions',
      'http.request.body.size': 170,
      'http.response.body.size': 800,
      'http.request.header.content-type': ['application/json'],
      'http.response.header.content-type': ['application/json'],
    },
    events: [],
    isError: false,
  })
  assert.deepEqual(call, {
    traceId,
    spanId: call.spanId,
    parentSpanId: server.spanId,
    name: 'chat gpt-4o',
    kind: 'client',
    startMs: 1_780_000_000_001,
    endMs: 1_780_000_000_900,
    attributes: {
      'gen_ai.provider.name': 'azure.ai.openai',
      'gatehouse.usage.source': 'reported',
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.usage.reasoning.output_tokens': 2,
      'gatehouse.usage.total_tokens': 15,
      'gatehouse.cost.nano': 75_000,
      'gatehouse.cost.currency': 'USD',
      'gatehouse.cost.price': 'gpt-4o-2024-08-06 2024-10-01',
      'server.address': 'east',
      'cloud.region': 'swedencentral',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.stream': true,
      'gen_ai.response.finish_reasons': ['stop'],
      'gatehouse.reserved_tokens': 900,
      'openai.response.service_tier': 'default',
      'gen_ai.response.id': 'resp_1',
      'gatehouse.backend_request_id': 'backend-1',
      'openai.api.type': 'chat_completions',
      'gen_ai.response.time_to_first_chunk': 0.25,
    },
    events: [
      { name: 'gatehouse.sent', atMs: 1_780_000_000_001 },
      { name: 'gatehouse.first_byte', atMs: 1_780_000_000_251 },
    ],
    isError: false,
  })
  assert.deepEqual(attempt, {
    traceId,
    spanId: attempt.spanId,
    parentSpanId: call.spanId,
    name: 'POST east',
    kind: 'client',
    startMs: 1_780_000_000_001,
    endMs: 1_780_000_000_900.5,
    attributes: { 'http.request.method': 'POST', 'server.address': 'east', 'http.response.status_code': 200 },
    events: [],
    isError: false,
  })
  for (const { spanId } of [server, call, attempt]) assert.match(spanId, /^[0-9a-f]{16}$/)
})

test('usage comes before everything that a back end may cut', () => {
  const [, call] = spansFrom({ closed: { usage: reported } })
  const names = Object.keys(call?.attributes ?? {})
  const last = names.findLastIndex(name => /\.(usage|cost)\./.test(name))
  assert.deepEqual(
    [names[0], names.slice(1, last + 1).every(name => /\.(usage|cost)\./.test(name))],
    ['gen_ai.provider.name', true],
  )
})

// The only names of this span that differ between 1.41 and 0.1, as far as a record has the figures.
test('figures of audio and images have the names of the family that is asked for', () => {
  const usage = {
    ...reported,
    audioPromptTokens: 3,
    audioCompletionTokens: 2,
    imagePromptTokens: 1,
    imageCompletionTokens: 0,
  }
  const names = (genai: SpanSettings['genai']): string[] =>
    Object.keys(spansFrom({ closed: { usage } }, { genai })[1]?.attributes ?? {})
      .filter(name => /audio|image/.test(name))
      .toSorted()
  const [own, newer] = ['gatehouse', 'gen_ai'].map(prefix =>
    ['audio.input', 'audio.output', 'image.input', 'image.output'].map(figure => `${prefix}.usage.${figure}_tokens`),
  )
  assert.deepEqual(names('v1_41'), own)
  assert.deepEqual(names('v0_1'), newer)
  assert.deepEqual(names('both'), [...(own ?? []), ...(newer ?? [])])
})

test('a call that failed on two members has a span for each attempt, laid out before the one whose time is known', () => {
  const [, call, ...attempts] = spansFrom({
    closed: {
      sentAtMs: 1_780_000_000_500,
      attempts: [
        { instance: 'west', status: null, durationMs: 100, error: 'connect_timeout' },
        { instance: 'north', status: 429, durationMs: 50, error: null },
        { instance: 'east', status: 200, durationMs: 400, error: null },
      ],
    },
  })
  assert.deepEqual(
    attempts.map(({ name, startMs, endMs, isError, parentSpanId }) => [
      name,
      startMs - 1_780_000_000_000,
      endMs - startMs,
      isError,
      parentSpanId === call?.spanId,
    ]),
    [
      ['POST west', 350, 100, true, true],
      ['POST north', 450, 50, true, true],
      ['POST east', 500, 400, false, true],
    ],
  )
  assert.deepEqual(
    attempts.map(({ attributes }) => [
      attributes['error.type'],
      attributes['http.request.resend_count'],
      attributes['gatehouse.attempt.start_estimated'],
    ]),
    [
      ['connect_timeout', undefined, true],
      ['429', 1, true],
      [undefined, 2, undefined],
    ],
  )
  assert.deepEqual([call?.startMs, call?.isError], [1_780_000_000_350, false])
  assert.equal(new Set(attempts.map(({ spanId }) => spanId)).size, 3)
})

test('a refused call is one span that names the model, and no error of the server', () => {
  const [server, ...others] = spansFrom({
    closed: {
      outcome: 'refused',
      outcomeCode: 'budget_exhausted',
      status: 429,
      sentAtMs: null,
      attempts: [],
      cost: null,
    },
  })
  assert.deepEqual(others, [])
  assert.ok(server !== undefined)
  assert.equal(server.isError, false)
  assert.equal(server.attributes['error.type'], undefined)
  assert.equal(server.attributes['gatehouse.outcome_code'], 'budget_exhausted')
  assert.equal(server.attributes['gen_ai.request.model'], 'gpt-4o')
})

test('what failed is an error with its code on the exchange and on the call', () => {
  const spans = spansFrom({
    closed: {
      ...{ outcome: 'failed', outcomeCode: 'backend_cut', status: 200 },
      attempts: [{ instance: 'east', status: 200, durationMs: 899, error: 'backend_cut' }],
    },
  })
  assert.deepEqual(
    spans.map(({ isError, attributes }) => [isError, attributes['error.type']]),
    [
      [true, 'backend_cut'],
      [true, 'backend_cut'],
      [true, 'backend_cut'],
    ],
  )
})

test('a call of no model has attempts and no GenAI span', () => {
  const spans = spansFrom({ opened: { operation: 'files', deployment: null, requestedModel: null, method: 'GET' } })
  assert.deepEqual(
    spans.map(({ name, kind }) => `${kind} ${name}`),
    ['server GET files', 'client GET east'],
  )
  assert.equal(spans[1]?.parentSpanId, spans[0]?.spanId)
})

test('a method without a name in the conventions is _OTHER, and does not become part of a name', () => {
  const [server] = spansFrom({
    opened: { method: 'PROPFIND', operation: null, deployment: null },
    closed: { attempts: [] },
  })
  assert.equal(server?.name, 'HTTP')
  assert.equal(server?.attributes['http.request.method'], '_OTHER')
  assert.equal(server?.attributes['http.request.method_original'], 'PROPFIND')
})

test('a copy is part of the trace of what it copies, and nobody asked for it', () => {
  const [original] = spansFrom({})
  const [copy] = spansFrom({ id: '019abcde-ffff-7345-8678-9abcdef01234', opened: { copyOf: id, copyKind: 'shadow' } })
  assert.deepEqual(
    [copy?.traceId, copy?.parentSpanId, copy?.kind, copy?.name],
    [original?.traceId, original?.spanId, 'internal', 'shadow chat/completions'],
  )
})

test('spans of a caller that named its trace are children of its span, and copies are in that trace too', () => {
  const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentSpanId: '00f067aa0ba902b7' }
  const spans = spansFrom({ opened: trace })
  assert.deepEqual(new Set(spans.map(span => span.traceId)), new Set([trace.traceId]))
  const [server, call, attempt] = spans
  assert.deepEqual(
    [server?.parentSpanId, call?.parentSpanId, attempt?.parentSpanId],
    [trace.parentSpanId, server?.spanId, call?.spanId],
  )
  assert.equal(attempt?.spanId, attemptSpan(id, 0), 'what an instance was given as its parent')
  assert.deepEqual([server?.kind, server?.attributes['gatehouse.request_id']], ['server', id])
  const [copy] = spansFrom({
    id: '019abcde-ffff-7345-8678-9abcdef01234',
    opened: { ...trace, copyOf: id, copyKind: 'shadow' },
  })
  assert.deepEqual([copy?.traceId, copy?.parentSpanId], [trace.traceId, server?.spanId])
})

test('who called is on the spans only where the settings say so', () => {
  const said = (callers: boolean): string => JSON.stringify(spansFrom({}, { callers }))
  for (const hidden of ['Alice', '22222222-3333', '33333333-4444', '127.0.0.1', 'test/1']) {
    assert.ok(!said(false).includes(hidden), hidden)
    assert.ok(said(true).includes(hidden), hidden)
  }
})

test('the provider is that of the instance that served', () => {
  const [, call] = spansFrom({}, { providers: { east: 'openai' } })
  assert.equal(call?.attributes['gen_ai.provider.name'], 'openai')
})

// Ids that change would make of every repetition another span, and counts would be wrong.
test('the same record is the same spans, whatever it holds, and no span ends before it starts', () => {
  fc.assert(
    fc.property(anyRecord(true, hostileTexts), row => {
      const spans = spansOf(row, otlpSettings)
      assert.deepEqual(spansOf(row, otlpSettings), spans)
      assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length)
      const known = new Set(spans.map(({ spanId }) => spanId))
      for (const span of spans) {
        assert.match(span.traceId, /^[0-9a-f]{32}$/)
        assert.equal(new Set(span.attributes.names).size, span.attributes.names.length)
        assert.ok(span.endMs >= span.startMs)
        // Texts of these records are no ids of a trace, so no span has a parent of another process.
        if (row.copyOf === null) assert.equal(span.parentSpanId === null, span.kind === 'server')
        assert.match(span.spanId, /^(?!0{16})[0-9a-f]{16}$/)
        if (span.kind === 'client') assert.ok(known.has(span.parentSpanId ?? ''))
        for (const value of span.attributes.values.flat())
          if (typeof value === 'string') assert.ok(value.isWellFormed() && !value.includes('\0'))
      }
    }),
  )
})

const isSampled = (sample: SampleSettings, exchange: RecordedExchange): boolean =>
  takesShare(shareOf(sample, exchange), exchange)

test('sampling keeps what went wrong or was slow, a share of the rest, and decides alike each time', () => {
  const sample: SampleSettings = { share: 0, slowerThan: 5_000, workloads: { audited: 1 } }
  const kept = (parts: ExchangeParts, settings = sample): boolean => isSampled(settings, recordedExchange(parts))
  assert.equal(kept({}), false)
  assert.equal(kept({ opened: { workload: 'audited' } }), true)
  assert.equal(kept({ opened: { workload: 'constructor' } }), false)
  assert.equal(kept({ closed: { endedAtMs: 1_780_000_005_000 } }), true)
  assert.equal(kept({ closed: { status: 404 } }), true)
  for (const outcome of ['refused', 'failed', 'aborted', 'interrupted'] as const)
    assert.equal(kept({ closed: { outcome } }), true, outcome)
  const half: SampleSettings = { share: 0.5, workloads: {} }
  const exchanges = Array.from({ length: 2_000 }, () => recordedExchange())
  const chosen = exchanges.filter(exchange => isSampled(half, exchange))
  assert.ok(chosen.length > 850 && chosen.length < 1_150, String(chosen.length))
  for (const { id: copyOf } of chosen.slice(0, 20)) assert.equal(kept({ opened: { copyOf } }, half), true)
})
