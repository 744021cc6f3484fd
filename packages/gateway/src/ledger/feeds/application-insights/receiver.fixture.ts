/**
 * For tests: an endpoint of Application Insights, and a feed that sends to it. It takes what the published schema says:
 * Azure/azure-rest-api-specs, specification/applicationinsights/data-plane/Monitor.Exporters/preview/v2.1.
 */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { Ajv } from 'ajv'
import type { HostParts } from '../checked-host.ts'
import { type Sending, sendingBy, startHttp } from '../spans/sending.fixture.ts'
import { applicationInsightsFeed } from './index.ts'
import type { ApplicationInsightsSettings } from './settings.ts'

const text = (maxLength: number) => ({ type: 'string', maxLength }) as const
const properties = { type: 'object', additionalProperties: text(8_192) } as const
const measurements = { type: 'object', additionalProperties: { type: 'number' } } as const
/** `DD.HH:MM:SS.MMMMMM`, less than 1,000 days. */
const duration = { type: 'string', pattern: '^\\d{1,3}\\.([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{6}$' } as const

/** As the schema has it; but unknown members, which it would let pass, are refused. */
const data = {
  RequestData: {
    type: 'object',
    required: ['ver', 'id', 'duration', 'responseCode', 'success'],
    additionalProperties: false,
    properties: {
      ver: { const: 2 },
      ...{ id: text(512), name: text(1_024), duration, success: { type: 'boolean' }, responseCode: text(1_024) },
      ...{ source: text(1_024), url: text(2_048), properties, measurements },
    },
  },
  RemoteDependencyData: {
    type: 'object',
    required: ['ver', 'name', 'duration'],
    additionalProperties: false,
    properties: {
      ver: { const: 2 },
      ...{ id: text(512), name: text(1_024), resultCode: text(1_024), data: text(8_192), type: text(1_024) },
      ...{ target: text(1_024), duration, success: { type: 'boolean' }, properties, measurements },
    },
  },
} as const

/** Known values of `ContextTagKeys`. */
const tags = [
  'ai.application.ver',
  'ai.operation.id',
  'ai.operation.name',
  'ai.operation.parentId',
  'ai.cloud.role',
  'ai.cloud.roleInstance',
  'ai.internal.sdkVersion',
  'ai.user.authUserId',
  'ai.location.ip',
]

const envelope = {
  type: 'object',
  required: ['name', 'time', 'iKey', 'data'],
  additionalProperties: false,
  properties: {
    ver: { type: 'integer' },
    name: { type: 'string' },
    time: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' },
    sampleRate: { type: 'number', exclusiveMinimum: 0, maximum: 100 },
    ...{ seq: text(64), iKey: { type: 'string' } },
    tags: { type: 'object', propertyNames: { enum: tags }, additionalProperties: { type: 'string' } },
    data: {
      type: 'object',
      required: ['baseType', 'baseData'],
      oneOf: Object.entries(data).map(([baseType, baseData]) => ({
        properties: { baseType: { const: baseType }, baseData },
      })),
    },
  },
} as const

const validate = new Ajv().compile<readonly ReceivedItem[]>({ type: 'array', items: envelope })

export interface ReceivedItem {
  readonly name: string
  readonly time: string
  readonly iKey: string
  readonly sampleRate: number
  readonly tags: Readonly<Record<string, string>>
  readonly data: {
    readonly baseType: string
    readonly baseData: {
      readonly id: string
      readonly name: string
      readonly success: boolean
      readonly duration: string
      readonly properties: Readonly<Record<string, string>>
      readonly [member: string]: unknown
    }
  }
}

/** The items of a request. @throws where the schema does not allow it. */
export function itemsIn(body: string): readonly ReceivedItem[] {
  const items: unknown = JSON.parse(body)
  assert.ok(validate(items), JSON.stringify(validate.errors))
  return items
}

/** What the service answers of items that it did not take. */
export function trackAnswer(items: readonly unknown[], errors: readonly (readonly [index: number, status: number])[]) {
  return JSON.stringify({
    itemsReceived: items.length,
    itemsAccepted: items.length - errors.length,
    errors: errors.map(([index, statusCode]) => ({ index, statusCode, message: 'canary-message' })),
  })
}

type Answer = (response: ServerResponse, number: number, items: readonly ReceivedItem[]) => void

export interface TestEndpoint {
  readonly connectionString: string
  /** Of each request, whatever was answered. */
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly items: readonly ReceivedItem[] }[]
  answer: Answer
}

export const instrumentationKey = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0'

export async function startEndpoint(
  t: Pick<TestContext, 'after'>,
  answer: Answer = (response, _number, items) => response.writeHead(200).end(trackAnswer(items, [])),
): Promise<TestEndpoint> {
  const origin = await startHttp(t, (request, body, response) => {
    const { headers } = request
    assert.deepEqual([request.method, request.url], ['POST', '/v2.1/track'])
    assert.deepEqual([headers['content-type'], headers['content-encoding']], ['application/json', 'gzip'])
    const items = itemsIn(body.toString())
    endpoint.requests.push({ headers, items })
    endpoint.answer(response, endpoint.requests.length, items)
  })
  const endpoint: TestEndpoint = {
    connectionString: `InstrumentationKey=${instrumentationKey};IngestionEndpoint=${origin}/;LiveEndpoint=https://live.example/`,
    ...{ requests: [], answer },
  }
  return endpoint
}

export const insightsSettings: Omit<ApplicationInsightsSettings, 'connectionString'> = {
  credential: 'connection-string',
  ...{ timeout: 15_000, service: 'gatehouse', genai: 'both', callers: false, providers: {} },
  sample: { share: 1, workloads: {} },
}

/** Some hours after the records of tests ended. */
const recordedAtMs = 1_780_010_000_000

export function startInsights(
  t: TestContext,
  settings: Partial<ApplicationInsightsSettings> & Pick<ApplicationInsightsSettings, 'connectionString'>,
  host: Partial<HostParts> = {},
): Sending {
  return sendingBy(t, 'insights', parts =>
    applicationInsightsFeed({ ...insightsSettings, ...settings }, parts, { clock: () => recordedAtMs, ...host }),
  )
}
