/**
 * Calls, callers and exchanges for unit tests, with a small configuration. Nothing is sent: the instances are never
 * called.
 */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type Config, type ConfigInput, configSchema } from '../config/schema/index.ts'
import { testCaller } from '../identity/caller.fixture.ts'
import { openInstance } from '../instances/index.ts'
import type { Call, ClientCall } from './call.ts'
import { type Authenticated, type Exchange, newExchange, noteCaller, noteRoute, type Resolved } from './exchange.ts'
import { buildPlan, type Plan } from './plan/index.ts'
import { findRoute } from './stages/1-resolve/route.ts'

export const tenantId = '11111111-0000-4000-8000-000000000001'
export const groupId = '22222222-0000-4000-8000-000000000002'
export const appId = '33333333-0000-4000-8000-000000000003'

const key = { key: 'a-key-that-is-long-enough' }
const deployments = { 'gpt-4o': { model: 'gpt-4o' }, o1: { model: 'o1' } }

/** Workload `people` may use the pool `main` and the instance `one`; workload `both` may use the instance `two`. */
const sample = {
  identity: { entra: { tenants: [tenantId] } },
  instances: {
    one: { endpoint: 'http://127.0.0.1:9', credential: key, deployments },
    two: { endpoint: 'http://127.0.0.1:9', credential: key, deployments },
  },
  pools: { main: { members: [{ instance: 'one' }, { instance: 'two' }] } },
  workloads: {
    people: { callers: [{ group: groupId }], targets: ['main', 'one'], deployments: ['gpt-4o'] },
    both: { callers: [{ group: groupId }, { app: appId }], targets: ['two'], deployments: ['gpt-4o', 'o1'] },
  },
} satisfies ConfigInput

export const sampleConfig = configSchema.parse(sample)

/** The sample configuration with other settings of workload `people`, and other limits. */
export function sampleWith(
  people: Partial<ConfigInput['workloads'][string]>,
  limits: ConfigInput['limits'] = {},
): Config {
  return configSchema.parse({
    ...sample,
    workloads: { ...sample.workloads, people: { ...sample.workloads.people, ...people } },
    limits,
  })
}

export function planOf(config: Config): Plan {
  const instances = new Map(
    Object.entries(config.instances).map(([name, one]) => [
      name,
      openInstance(name, one, config.gateway.timeouts, { clock: Date.now }),
    ]),
  )
  return buildPlan(config, instances)
}

export const samplePlan = planOf(sampleConfig)

/** A person of the group that both workloads allow. */
export const person = testCaller({
  tenantId,
  objectId: '44444444-0000-4000-8000-000000000004',
  displayName: 'Member',
  groups: [groupId],
  expiresAtMs: Number.POSITIVE_INFINITY,
})

export interface CallOptions {
  readonly method?: string
  readonly url?: string
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** Has come already. */
  readonly body?: Buffer
}

/** A call without a connection. */
export function callOf({
  method = 'POST',
  url = '/v1/chat/completions',
  headers = {},
  body,
}: CallOptions = {}): ClientCall {
  const req = new IncomingMessage(new Socket())
  req.method = method
  req.url = url
  req.headers = { ...headers }
  req.rawHeaders = Object.entries(headers).flat()
  if (body !== undefined) {
    req.headers['content-length'] = String(body.length)
    req.push(body)
    req.push(null)
  }
  return {
    id: '0190b1d0-0000-7000-8000-000000000001',
    startedAtMs: 1_000,
    method,
    url,
    req,
    res: new ServerResponse(req),
    expectsContinue: false,
    fault: null,
    watch: { deadlineAt: Number.POSITIVE_INFINITY, subject: null },
  }
}

/** The response of a client's call. */
export function responseOf({ res }: Call): ServerResponse {
  if (res === null) throw new TypeError('the call has no client')
  return res
}

export function exchangeOf(call: Call, plan = samplePlan): Exchange {
  return newExchange(call, { plan, demonstration: false, isProxy: null })
}

export function resolvedOf(options: CallOptions = {}, plan = samplePlan): Resolved {
  const call = callOf(options)
  const exchange: Exchange = exchangeOf(call, plan)
  noteRoute(exchange, findRoute(call.method, call.url))
  return exchange
}

export function authenticatedOf(options: CallOptions = {}, caller = person, plan = samplePlan): Authenticated {
  const exchange = resolvedOf(options, plan)
  noteCaller(exchange, caller, 'a.verified.token')
  return exchange
}
