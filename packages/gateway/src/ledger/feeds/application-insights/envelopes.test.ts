import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { resourceOf } from '../../../insights-resource.ts'
import { noUsage } from '../../../wire/usage.ts'
import { anyRecord, hostileTexts } from '../../fields.fixture.ts'
import { fedRecordOrReason } from '../forms.ts'
import { type ExchangeParts, recordedExchange } from '../recorded.fixture.ts'
import { spansOf } from '../spans/spans.ts'
import { durationOf, type Envelope, envelopesOf } from './envelopes.ts'
import { insightsSettings, instrumentationKey, itemsIn, type ReceivedItem } from './receiver.fixture.ts'

const id = '019abcde-f012-7345-8678-9abcdef01234'

function itemsFrom(parts: ExchangeParts, callers = false): readonly ReceivedItem[] {
  const record = fedRecordOrReason(recordedExchange({ id, ...parts }), false)
  assert.ok(typeof record !== 'string', String(record))
  const { row } = record
  const spans = spansOf(row, { ...insightsSettings, callers })
  return read(envelopesOf({ id, replica: row.replica, spans, share: 0.1 }, instrumentationKey, 'ai-gateway'))
}

/** As the service reads them. */
const read = (items: readonly Envelope[]): readonly ReceivedItem[] => itemsIn(JSON.stringify(items))

// The golden one: tables and queries of Application Insights are built on exactly this.
test('a streamed call is a request, and dependencies on the model and on the instance', () => {
  const usage = { ...noUsage, source: 'reported', promptTokens: 10, completionTokens: 5, totalTokens: 15 } as const
  const [request, call, attempt, ...others] = itemsFrom({
    opened: { stream: true, replica: 'gw-1' },
    closed: { usage },
  })
  assert.deepEqual(others, [])
  assert.ok(request !== undefined && call !== undefined && attempt !== undefined)
  const operation = {
    'ai.operation.id': '019abcdef012734586789abcdef01234',
    'ai.operation.name': 'POST chat/completions',
    'ai.cloud.role': 'ai-gateway',
    'ai.cloud.roleInstance': 'gw-1',
  }
  const [version] = [request.tags['ai.application.ver'] ?? '']
  assert.match(version, /^\d+\./)
  const tags = { ...operation, 'ai.application.ver': version, 'ai.internal.sdkVersion': `gatehouse:${version}` }
  const { properties: ofRequest, ...requestData } = request.data.baseData
  assert.deepEqual(
    [request.name, request.time, request.iKey, request.sampleRate, request.tags, request.data.baseType, requestData],
    [
      ...['Microsoft.ApplicationInsights.Request', '2026-05-28T20:26:40.000Z', instrumentationKey, 10, tags],
      'RequestData',
      {
        ...{ ver: 2, id: '86789abcdef01234', name: 'POST chat/completions', duration: '0.00:00:00.900000' },
        ...{ success: true, responseCode: '200', url: '/main/hr-bot/openai/deployments/gpt-4o/chat/completions' },
      },
    ],
  )
  assert.equal(ofRequest['gatehouse.workload'], 'hr-bot')
  const { properties: ofCall, ...callData } = call.data.baseData
  assert.deepEqual(
    [call.name, call.tags, call.data.baseType, callData],
    [
      'Microsoft.ApplicationInsights.RemoteDependency',
      { ...tags, 'ai.operation.parentId': '86789abcdef01234' },
      'RemoteDependencyData',
      {
        ...{ ver: 2, id: '86789abcdef01235', name: 'chat gpt-4o', duration: '0.00:00:00.899000', success: true },
        ...{ resultCode: '0', type: 'GenAI | azure.ai.openai', target: 'east' },
      },
    ],
  )
  assert.deepEqual(Object.entries(ofCall).slice(0, 4), [
    ['gen_ai.provider.name', 'azure.ai.openai'],
    ['gatehouse.usage.source', 'reported'],
    ['gen_ai.usage.input_tokens', '10'],
    ['gen_ai.usage.output_tokens', '5'],
  ])
  const { properties: ofAttempt, ...attemptData } = attempt.data.baseData
  assert.deepEqual(
    [attempt.tags['ai.operation.parentId'], attempt.tags['ai.operation.id']],
    [callData.id, tags['ai.operation.id']],
  )
  assert.deepEqual(attemptData, {
    ...{ ver: 2, id: '86789abcdef01236', name: 'POST east', duration: '0.00:00:00.899500', success: true },
    ...{ resultCode: '200', type: 'HTTP', target: 'east' },
  })
  assert.equal(ofAttempt['http.request.method'], 'POST')
})

test('what went wrong is a failed request with its code, and a refusal is one too', () => {
  const [refused] = itemsFrom({
    closed: { outcome: 'refused', outcomeCode: 'budget_exhausted', status: 429, attempts: [] },
  })
  assert.deepEqual([refused?.data.baseData.success, refused?.data.baseData['responseCode']], [false, '429'])
  const [gone, call] = itemsFrom({ closed: { outcome: 'interrupted', outcomeCode: null, status: null } })
  assert.deepEqual([gone?.data.baseData.success, gone?.data.baseData['responseCode']], [false, '0'])
  assert.deepEqual([call?.data.baseData.success, call?.data.baseData['resultCode']], [false, '_OTHER'])
})

test('a copy that the gateway sent is a dependency within the exchange that it copies', () => {
  const [copy] = itemsFrom({ opened: { copyOf: '019abcde-ffff-7345-8678-9abcdef01234', copyKind: 'shadow' } })
  assert.deepEqual([copy?.data.baseType, copy?.data.baseData['type']], ['RemoteDependencyData', 'InProc'])
})

test('who called is in tags, and only where the settings say so', () => {
  const [hidden] = itemsFrom({})
  assert.ok(!JSON.stringify(hidden).includes('22222222-3333') && !JSON.stringify(hidden).includes('127.0.0.1'))
  for (const { tags } of itemsFrom({}, true))
    assert.deepEqual(
      [tags['ai.user.authUserId'], tags['ai.location.ip']],
      ['22222222-3333-4444-5555-666666666666', '127.0.0.1'],
    )
})

// The service cuts a value at 8 KB, and drops what is beyond 64 KB of an item, without an error.
test('whatever a record holds, its items keep to the schema, values to 8 KB, and all of an item to 64 KB', () => {
  fc.assert(
    fc.property(anyRecord(true, hostileTexts), row => {
      const spans = spansOf(row, { ...insightsSettings, callers: true })
      const items = envelopesOf({ id: row.id, replica: row.replica, spans, share: 1 }, instrumentationKey, 'gatehouse')
      for (const item of read(items)) {
        const { properties } = item.data.baseData
        for (const value of Object.values(properties)) {
          assert.ok(Buffer.byteLength(value) <= 8_192)
          assert.ok(value.isWellFormed())
        }
        assert.ok(Buffer.byteLength(JSON.stringify(properties)) <= 64_000)
      }
    }),
  )
})

test('usage stays where there is no room for everything', () => {
  const usage = { ...noUsage, source: 'reported', promptTokens: 10 } as const
  const [, call] = itemsFrom({
    opened: { toolDeployments: Array.from({ length: 9 }, () => 'é'.repeat(9_000)) },
    closed: { usage },
  })
  assert.equal(call?.data.baseData.properties['gen_ai.usage.input_tokens'], '10')
})

test('durations have days, and never a thousand of them', () => {
  assert.deepEqual([0, 0.5, 61_001.25, 90_061_001, Number.MAX_SAFE_INTEGER, -5].map(durationOf), [
    '0.00:00:00.000000',
    '0.00:00:00.000500',
    '0.00:01:01.001250',
    '1.01:01:01.001000',
    '999.00:00:00.000000',
    '0.00:00:00.000000',
  ])
})

test('a connection string names the key and the endpoint, also by its parts, and anything else is none', () => {
  const key = `InstrumentationKey=${instrumentationKey.toUpperCase()}`
  const at = (text: string) => resourceOf(text)?.endpoint
  assert.deepEqual(
    resourceOf(`${key};IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/;ApplicationId=1`),
    {
      key: instrumentationKey,
      endpoint: 'https://westeurope-5.in.applicationinsights.azure.com',
      scope: 'https://monitor.azure.com/.default',
    },
  )
  assert.equal(at(key), 'https://dc.services.visualstudio.com')
  assert.equal(at(`${key};EndpointSuffix=applicationinsights.azure.cn`), 'https://dc.applicationinsights.azure.cn')
  assert.equal(at(`${key};EndpointSuffix=ai.contoso.com;Location=westus2`), 'https://westus2.dc.ai.contoso.com')
  assert.equal(resourceOf(`${key};AADAudience=https://monitor.azure.us/`)?.scope, 'https://monitor.azure.us/.default')
  for (const none of [
    '',
    'InstrumentationKey=1',
    instrumentationKey,
    `${key};nonsense`,
    `${key};IngestionEndpoint=ftp://host/`,
    `${key};IngestionEndpoint=https://user:password@host/`,
    `${key};IngestionEndpoint=https://host/path`,
  ])
    assert.equal(resourceOf(none), null, none)
})
