/**
 * A gateway for one call at a time: a client on a socket, members on sockets, and an exchange that has passed `admit`.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type ConfigInput, configSchema } from '../../../config/schema/index.ts'
import type { ClientCall } from '../../call.ts'
import { groupId, person, planOf, tenantId } from '../../exchange.fixture.ts'
import {
  type Admitted,
  type Exchange,
  newExchange,
  noteCaller,
  noteGrant,
  noteHome,
  noteLease,
  noteRequest,
  noteRoute,
} from '../../exchange.ts'
import type { Plan } from '../../plan/index.ts'
import { findRoute } from '../1-resolve/route.ts'
import { findGrant } from '../3-authorize/grant.ts'
import { type ReceivedRequest, requestWithoutBody } from '../4-receive/request.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

async function listen(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    res.on('error', () => {})
    req.on('error', () => {})
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => answer(req, res, Buffer.concat(chunks).toString()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/**
 * Workload `people` may use pool `main`, whose members are the instances by name. Connections are closed after the
 * test. @param more `openai`: names of the instances of that kind.
 */
export async function planWith(
  t: TestContext,
  members: Readonly<Record<string, Answer>>,
  more: { readonly pool?: object; readonly workload?: object; readonly openai?: readonly string[] } = {},
): Promise<Plan> {
  const deployments = { 'gpt-4o': { model: 'gpt-4o' } }
  const instances: Record<string, ConfigInput['instances'][string]> = {}
  for (const [name, answer] of Object.entries(members)) {
    const endpoint = await listen(t, answer)
    const kind = more.openai?.includes(name) === true ? 'openai' : 'azure-openai'
    instances[name] = { kind, endpoint, credential: { key: 'a-key-that-is-long-enough' }, deployments }
  }
  const config = configSchema.parse({
    identity: { entra: { tenants: [tenantId] } },
    instances,
    pools: {
      main: { ...more.pool, members: Object.keys(instances).map((instance, at) => ({ instance, priority: at + 1 })) },
    },
    workloads: {
      people: { callers: [{ group: groupId }], targets: ['main'], deployments: ['gpt-4o'], ...more.workload },
    },
  })
  const plan = planOf(config)
  t.after(async () => {
    for (const { members } of plan.targets.values()) for (const { instance } of members) await instance.close()
  })
  return plan
}

export interface Asking {
  readonly method?: string
  /** Below the workload: `/openai/v1/files`. */
  readonly path: string
  readonly asked?: Partial<ReceivedRequest>
  readonly home?: string
  /** The client leaves when this resolves. */
  readonly leaves?: Promise<void>
}

export interface Answered<T> {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** What the gateway's function returned. */
  readonly result: T
  readonly exchange: Admitted
}

/** Sends one call from a client through `serve`, which gets it as `admit` leaves it. */
export async function callThrough<T>(
  t: TestContext,
  plan: Plan,
  { method = 'GET', path, asked = {}, home, leaves }: Asking,
  serve: (exchange: Admitted) => Promise<T>,
): Promise<Answered<T>> {
  const over = Promise.withResolvers<{ result: T; exchange: Admitted }>()
  over.promise.catch(() => {})
  const url = `/main/people${path}`
  const gateway = await listen(t, (req, res) => {
    const exchange = admitted({ req, res, method, url }, plan, asked, home ?? null)
    const serving = (async () => serve(exchange))()
    serving.then(result => over.resolve({ result, exchange }), over.reject)
    // What was not answered now never is: the client must not wait for it.
    void serving
      .catch(() => {})
      .finally(() => {
        if (!res.headersSent) res.destroy()
      })
  })
  const client = request(gateway + url, { method })
  client.on('error', () => {})
  const answer = Promise.withResolvers<IncomingMessage | null>()
  client.on('response', answer.resolve)
  client.on('close', () => answer.resolve(null))
  client.end()
  void leaves?.then(() => client.destroy())
  const { result, exchange } = await over.promise
  const response = await answer.promise
  let body = ''
  if (response !== null) for await (const piece of response.setEncoding('utf8')) body += String(piece)
  return { status: response?.statusCode ?? 0, headers: response?.headers ?? {}, body, result, exchange }
}

function admitted(
  { req, res, method, url }: { req: IncomingMessage; res: ServerResponse; method: string; url: string },
  plan: Plan,
  asked: Partial<ReceivedRequest>,
  home: string | null,
): Admitted {
  const watch = { deadlineAt: Number.POSITIVE_INFINITY, subject: null }
  const call: ClientCall = {
    ...{ id: 'call-1', startedAtMs: Date.now(), method, url, req, res, fault: null, watch },
    expectsContinue: false,
  }
  const exchange: Exchange = newExchange(call, { plan, demonstration: false, isProxy: null })
  noteRoute(exchange, findRoute(method, url))
  noteCaller(exchange, person, 'a.verified.token')
  noteGrant(exchange, findGrant(person, exchange.route, 'people', plan))
  noteRequest(exchange, { ...requestWithoutBody(null), ...asked })
  noteHome(exchange, home === null ? null : { instance: home, loose: null }, null)
  noteLease(exchange, null)
  return exchange
}
