/** A healthy set-up in which every check has something to look at: Redis, five feeds, metrics that are sent. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startEventHubs, startKafka } from '@gatehouse/simulator'
import { startRedis, type TestRedis } from '../../../../test/support/redis.ts'
import type { Scope } from '../../../../test/support/world.ts'
import type { ConfigInput } from '../config/schema/index.ts'
import { type Surroundings, startSurroundings } from './doctor.fixture.ts'

type Feed = NonNullable<ConfigInput['feeds']>[string]
type OfKind<Kind extends Feed['kind']> = Extract<Feed, { kind: Kind }>

export interface Everything extends Surroundings {
  readonly redis: TestRedis
  readonly feeds: {
    readonly files: OfKind<'files'>
    readonly kafka: OfKind<'kafka'>
    readonly hubs: OfKind<'event-hubs'>
    readonly webhook: OfKind<'webhook'>
    readonly otlp: OfKind<'otlp'>
  }
}

export async function startEverything(t: Scope): Promise<Everything> {
  const [surroundings, redis] = await Promise.all([startSurroundings(t), startRedis(t)])
  const kafka = await startKafka({ topics: { records: {} }, users: { gatehouse: 'a-long-password' } })
  t.after(() => kafka.close())
  const namespace = await startEventHubs({
    hubs: { records: {} },
    keys: { root: 'a-secret-key-of-the-namespace-0123456789=' },
  })
  t.after(() => namespace.close())
  const secret = 'Bearer 0123456789'
  const collector = await listening(t, (request, response) => {
    response.writeHead(request.headers.authorization === secret ? 200 : 401).end()
  })
  const receiver = await listening(t, (_, response) => response.end())
  const feeds: Everything['feeds'] = {
    files: { kind: 'files', directory: join(surroundings.directory, 'archive') },
    kafka: {
      ...{ kind: 'kafka', brokers: [kafka.address], topic: 'records', tls: false },
      credential: { mechanism: 'plain', username: 'gatehouse', password: '${env:PASSWORD_OF_TOPIC}' },
    },
    hubs: { kind: 'event-hubs', hub: 'records', credential: { connectionString: '${env:HUBS}' } },
    webhook: {
      ...{ kind: 'webhook', url: `${receiver}/hook` },
      credential: { secret: '${env:SECRET_OF_WEBHOOK}' },
    },
    otlp: {
      kind: 'otlp',
      url: `${collector}/v1/traces`,
      credential: { header: 'authorization', secret: '${env:SECRET_OF_COLLECTOR}' },
    },
  }
  const credential = { header: 'authorization', secret: '${env:SECRET_OF_COLLECTOR}' }
  const telemetry = { metrics: { url: `${collector}/v1/metrics`, credential } }
  const healthy: ConfigInput = { ...surroundings.healthy, redis: redis.section, feeds, telemetry }
  const env = {
    ...surroundings.env,
    ...{ PASSWORD_OF_TOPIC: 'a-long-password', HUBS: namespace.connectionString, SECRET_OF_COLLECTOR: secret },
    SECRET_OF_WEBHOOK: `whsec_${Buffer.alloc(32, 'key').toString('base64')}`,
  }
  const examine: Everything['examine'] = (only, change = config => config, options = {}) =>
    // A busy machine is no fault.
    surroundings.examine(only, () => change(healthy), { env, checkMsMax: 120_000, ...options })
  // The first look loads the clients of all kinds, which takes longer than a connection may.
  await examine('feeds')
  return { ...surroundings, redis, feeds, healthy, env, examine }
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
