/**
 * P5: receivers of feeds, Redis and an instance that refuse their credential and repeat everything that they were sent,
 * as a debugging page does. What they repeat must not reach a log, a metric or an error.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEventHubs, startKafka } from '@gatehouse/simulator'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { named } from '../support/limited.ts'
import { send } from '../support/raw.ts'
import { type Served, startServedWorld } from '../support/served.ts'
import { eventually } from '../support/wait.ts'
import { apiVersion, type Scope } from '../support/world.ts'

const prompt = 'canaryprompt-of-exporters-51d2'
/** What the gateway signs in with. */
const credentials = {
  otlp: 'canaryotlp0123456789abcdef',
  partial: 'canarypartial0123456789abcdef',
  metrics: 'canarymetrics0123456789abcdef',
  grpc: 'canarygrpc0123456789abcdef',
  insights: 'ca9a4100-0123-4567-89ab-cdef01234567',
  webhook: Buffer.alloc(32, 'canarywebhook').toString('base64'),
  blobKey: Buffer.alloc(64, 'canaryblobkey').toString('base64'),
  sas: 'canarysas0123456789abcdef',
  hub: 'canaryhub0123456789abcdef0123456789abcdef012=',
  kafka: 'canarykafka0123456789abcdef',
  redis: 'canaryredis0123456789abcdef',
  instance: 'canaryinstance0123456789abcdef',
}
/** And what a client may write where it does not belong. */
const canaries = {
  ...credentials,
  agent: 'canaryagent0123456789abcdef',
  query: 'canaryquery0123456789abcdef',
  object: 'canaryobject0123456789abcdef',
  model: 'canarymodel0123456789abcdef',
}

async function listening(t: Scope, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers with an error that repeats address, header fields and body of the request, in every place. */
function repeating(status: number): RequestListener {
  return async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    const credential = String(request.headers.authorization ?? request.headers['api-key'] ?? request.url)
    const said = `${credential} ${request.url} ${JSON.stringify(request.headers)} ${body.toString('latin1')}`
    response.writeHead(status, credential.slice(0, 200), {
      'content-type': 'application/json',
      'x-ms-error-code': credential.slice(0, 200),
      'www-authenticate': `Bearer error="${credential.slice(0, 200)}"`,
    })
    response.end(JSON.stringify({ error: { code: credential, message: said }, message: said }))
  }
}

/** Takes every request and rejects a span, with a reason that repeats the credential (ExportTraceServiceResponse). */
const rejecting: RequestListener = async (request, response) => {
  await request.toArray()
  const reason = Buffer.from(String(request.headers.authorization))
  const partial = Buffer.concat([Buffer.from([0x08, 1, 0x12, reason.length]), reason])
  response.writeHead(200, { 'content-type': 'application/x-protobuf' })
  response.end(Buffer.concat([Buffer.from([0x0a, partial.length]), partial]))
}

/** A collector over gRPC that refuses everything and repeats the credential. */
async function repeatingGrpc(t: Scope): Promise<string> {
  const server = createHttp2Server((request, response) => {
    const said = String(request.headers.authorization)
    response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '16', 'grpc-message': said })
    response.end()
  })
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', session => sessions.add(session))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A Redis that refuses everything and repeats it. */
async function repeatingRedis(t: Scope): Promise<string> {
  const server = createTcpServer(socket => {
    socket.on('error', () => {})
    socket.on('data', data => socket.write(`-WRONGPASS ${data.toString('latin1').replace(/\r\n/g, ' ')}\r\n`))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function repeatingFeeds(t: Scope): Promise<NonNullable<ConfigInput['feeds']>> {
  const kafka = await startKafka({ topics: { records: {} }, users: { gatehouse: 'the-right-password' } })
  t.after(() => kafka.close())
  const namespace = await startEventHubs({ hubs: { records: {} }, keys: { root: 'the-right-key-0123456789=' } })
  t.after(() => namespace.close())
  const account = `${await listening(t, repeating(403))}/account`
  const bodies = { bodies: true, batch: { time: '1s' } } as const
  const connectionString = namespace.connectionString.replace('the-right-key-0123456789=', canaries.hub)
  return {
    otlp: {
      ...{ kind: 'otlp', url: `${await listening(t, repeating(401))}/v1/traces`, batch: { time: '1s' } },
      credential: { header: 'authorization', secret: `Bearer ${canaries.otlp}` },
    },
    partial: {
      ...{ kind: 'otlp', url: `${await listening(t, rejecting)}/v1/traces`, batch: { time: '1s' } },
      credential: { header: 'authorization', secret: `Bearer ${canaries.partial}` },
    },
    grpc: {
      ...{ kind: 'otlp', url: await repeatingGrpc(t), protocol: 'grpc', batch: { time: '1s' } },
      credential: { header: 'authorization', secret: `Bearer ${canaries.grpc}` },
    },
    insights: {
      ...{ kind: 'application-insights', batch: { time: '1s' } },
      connectionString: `InstrumentationKey=${canaries.insights};IngestionEndpoint=${await listening(t, repeating(403))}/`,
    },
    webhook: {
      ...{ kind: 'webhook', url: `${await listening(t, repeating(500))}/hook`, ...bodies },
      credential: { secret: `whsec_${canaries.webhook}` },
    },
    key: { kind: 'blob', account, container: 'ledger', ...bodies, credential: { key: canaries.blobKey } },
    sas: {
      ...{ kind: 'blob', account, container: 'ledger', ...bodies },
      credential: { sas: `sv=2026-10-06&sr=c&sp=cw&sig=${canaries.sas}` },
    },
    hub: { kind: 'event-hubs', hub: 'records', ...bodies, credential: { connectionString } },
    topic: {
      ...{ kind: 'kafka', brokers: [kafka.address], topic: 'records', tls: false, ...bodies },
      credential: { mechanism: 'plain', username: 'gatehouse', password: canaries.kafka },
    },
  }
}

function absent(sink: string, text: string, words: Readonly<Record<string, string>> = { ...canaries, prompt }): void {
  for (const [name, canary] of Object.entries(words)) {
    const at = text.indexOf(canary)
    assert.equal(at, -1, `${sink} has that of ${name}: …${text.slice(Math.max(0, at - 200), at + 40)}`)
  }
}

const chat = `/repeating/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`

/** Everything but the feeds, which come with a reload: their clients would keep a busy machine from being ready. */
async function repeatingParts(t: Scope): Promise<(config: ConfigInput) => ConfigInput> {
  const [redis, endpoint, collector] = await Promise.all([
    repeatingRedis(t),
    listening(t, repeating(401)),
    listening(t, rejecting),
  ])
  const credential = { header: 'authorization', secret: `Bearer ${canaries.metrics}` }
  const metrics = { url: `${collector}/v1/metrics`, every: '1s', credential }
  const deployments = { 'gpt-4o': { model: 'gpt-4o' } }
  return config => ({
    ...config,
    admin: { ...config.admin, metricsWithoutToken: true },
    ...{ redis: { url: redis, password: canaries.redis }, telemetry: { metrics } },
    log: { level: 'debug', format: 'json', access: true },
    instances: { ...config.instances, repeating: { endpoint, credential: { key: canaries.instance }, deployments } },
    workloads: { ...config.workloads, 'hr-bot': { ...named(config, 'hr-bot'), targets: ['main', 'repeating'] } },
  })
}

/** Calls that succeed, are refused and fail, with a canary wherever a client can put one. */
async function calls(served: Served, token: string): Promise<void> {
  const headers = [
    ['Authorization', `Bearer ${token}`],
    ['Content-Type', 'application/json'],
    ['User-Agent', canaries.agent],
    [`X-${canaries.agent}`, canaries.agent],
  ] as const
  const messages = [{ role: 'user', content: prompt }]
  const body = JSON.stringify({ messages })
  const main = chat.replace('repeating', 'main')
  for (const target of [main, chat, `${main}&note=${canaries.query}`]) await send(served.url, { target, headers, body })
  await send(served.url, { target: `/main/hr-bot/openai/v1/files/${canaries.object}`, headers })
  const byModel = JSON.stringify({ model: canaries.model, messages })
  await send(served.url, { target: '/main/hr-bot/openai/v1/chat/completions', headers, body: byModel })
}

/** Figures name what a client wrote: that is what they are for. */
const ofClients = new RegExp([canaries.agent, canaries.model, canaries.object].join('|'), 'g')

test('P5 failing receivers that repeat what they were sent bring no secret into a log, metric or error', async t => {
  const [feeds, change] = await Promise.all([repeatingFeeds(t), repeatingParts(t)])
  const world = await startServedWorld(t, { change })
  const served = await world.serve()
  const logged = (words: RegExp): Promise<true> =>
    eventually(`${words} in the log`, () => (words.test(served.written) ? true : null), 60_000)
  const reload = async (format: 'json' | 'pretty'): Promise<void> => {
    await world.write({ ...world.config, feeds, log: { level: 'debug', format, access: true } })
    served.process.kill('SIGHUP')
    await logged(format === 'json' ? /"msg":"configuration_taken"/ : /INFO {2}configuration_taken/)
    await calls(served, await world.token('alice'))
  }
  const admin = async (path: string, method = 'GET', as = 'carol'): Promise<string> => {
    const authorization = `Bearer ${await world.token(as)}`
    return (await fetch(`${served.adminUrl}${path}`, { method, headers: { authorization } })).text()
  }
  await reload('json')
  const failing = Object.keys(feeds).filter(name => name !== 'partial')
  const states = await eventually(
    'every feed has failed',
    async () => {
      const { feeds: all } = JSON.parse(await admin('/api/v1/feeds')) as {
        feeds: { name: string; lastError: string | null }[]
      }
      return failing.every(name => all.find(feed => feed.name === name)?.lastError) ? JSON.stringify(all) : null
    },
    90_000,
  )
  absent('the state of the feeds', states)
  const partial = [/"msg":"feed_partial"/, /"msg":"metrics_partial"/]
  for (const words of [...partial, /"msg":"feed_unreachable"/, /redis_(refused|down)/]) await logged(words)
  for (const path of ['/metrics', '/api/v1/instances', '/api/v1/limits', '/api/v1/records?limit=100'])
    absent(path, (await admin(path)).replace(ofClients, ''))
  absent('a probe', await admin('/api/v1/instances/repeating/probe', 'POST', 'bob'))
  absent('readyz', (await send(served.url, { target: '/readyz' })).body.toString())
  await reload('pretty')
  await logged(/WARN {2}metrics_partial/)
  assert.equal(await served.stop(), 0)
  for (const words of [/call_ended/, /credential_refused/, /"?refused"?/]) assert.match(served.written, words)
  absent('the log', served.written)
  // The ledger has what clients sent; what the gateway signs in with is nowhere.
  for (const entry of await readdir(join(world.directory, 'ledger'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) absent(entry.name, await readFile(join(entry.parentPath, entry.name), 'latin1'), credentials)
  }
})
