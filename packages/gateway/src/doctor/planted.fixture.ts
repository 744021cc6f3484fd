/** Faults that are planted into a set-up with everything: what breaks, and the finding that has to name it. */
import { chmod, chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { demoDirectory, startAzure } from '@gatehouse/simulator'
import { closedPort } from '../../../../test/support/ports.ts'
import { tell } from '../../../../test/support/redis.ts'
import { fastDeployments, instanceKey, type Scope } from '../../../../test/support/world.ts'
import type { ConfigInput } from '../config/schema/index.ts'
import { type Change, type ExamineOptions, startTls, withInstance } from './doctor.fixture.ts'
import type { Everything } from './everything.fixture.ts'
import type { CheckName, Level } from './index.ts'

export interface Planted {
  readonly change?: Change
  readonly options?: ExamineOptions
}

export interface Fault {
  readonly name: string
  readonly finding: readonly [CheckName, Exclude<Level, 'ok'>, RegExp]
  /** Checks that meet the fault too. */
  readonly also?: readonly CheckName[]
  /** What it changes in the world is undone after `t`. */
  plant(world: Everything, t: Scope): Promise<Planted> | Planted
}

const one = (changes: Parameters<typeof withInstance>[0]): Planted => ({ change: withInstance(changes) })
const feed = (name: string, written: NonNullable<ConfigInput['feeds']>[string]): Planted => ({
  change: config => ({ ...config, feeds: { ...config.feeds, [name]: written } }),
})
const redis = (changes: Partial<NonNullable<ConfigInput['redis']>>): Planted => ({
  change: config => ({ ...config, redis: { ...(config.redis ?? { url: '' }), ...changes } }),
})
const entra = (changes: Partial<ConfigInput['identity']['entra']>): Planted => ({
  change: config => ({ ...config, identity: { entra: { ...config.identity.entra, ...changes } } }),
})

const local: readonly Fault[] = [
  {
    name: 'a key is written into the configuration',
    finding: ['configuration', 'warning', /written into the file|\$\{env|\$\{file/],
    also: ['credentials', 'deployments'],
    plant: () => one({ credential: { key: 'a-key-in-the-file-0123456789' } }),
  },
  {
    name: 'a variable is not set',
    finding: ['configuration', 'failure', /KEY_OF_INSTANCE_2/],
    plant: ({ env: { KEY_OF_INSTANCE_2: _, ...env } }) => ({ options: { env } }),
  },
  {
    name: 'every user can write the configuration',
    finding: ['files', 'failure', /Every user can write it/],
    plant: () => ({ options: { mode: 0o666 } }),
  },
  {
    name: 'every user can read a secret',
    finding: ['files', 'warning', /Every user can read this secret/],
    async plant({ directory }) {
      const secret = join(directory, 'key')
      await writeFile(secret, instanceKey)
      await chmod(secret, 0o644)
      return one({ credential: { key: `\${file:${secret}}` } })
    },
  },
  {
    name: 'the address of the management API is of another machine',
    finding: ['ports', 'failure', /cannot be listened on \(EADDRNOTAVAIL\)/],
    plant: () => ({
      change: config => ({
        ...config,
        admin: { ...config.admin, listen: '203.0.113.7:8081', publicUrl: 'https://gatehouse.contoso.example' },
      }),
    }),
  },
  {
    name: 'another program has the port',
    finding: ['ports', 'failure', /is taken by another program/],
    plant: ({ one: { url } }) => {
      const taken = new URL(url).host
      return { change: config => ({ ...config, gateway: { ...config.gateway, listen: taken } }) }
    },
  },
  {
    name: 'others can write into the ledger',
    finding: ['disk', 'failure', /Others can write into/],
    async plant({ ledger }, t) {
      await chmod(ledger, 0o777)
      t.after(() => chmod(ledger, 0o700))
      return {}
    },
  },
  {
    name: 'the ledger is of another user',
    finding: ['disk', 'failure', /belongs to another user/],
    async plant({ ledger }, t) {
      await chown(ledger, 65_534, 65_534).catch(cause => {
        throw new Error('Only root can give files away. Run this test as root.', { cause })
      })
      t.after(() => chown(ledger, process.getuid?.() ?? 0, process.getgid?.() ?? 0))
      return {}
    },
  },
  {
    name: 'the disk is slow',
    finding: ['disk', 'warning', /the disk is slow/],
    // Any disk is slower than this.
    plant: () => ({ options: { slow: { fsyncMs: 0, redisMs: Number.POSITIVE_INFINITY } } }),
  },
  {
    name: 'the clock is late',
    finding: ['clock', 'failure', /behind it: valid tokens are refused/],
    plant: () => ({ options: { clock: () => Date.now() - 90_000 } }),
  },
  {
    name: 'the clock is a little ahead',
    finding: ['clock', 'warning', /ahead of it/],
    plant: () => ({ options: { clock: () => Date.now() + 30_000 } }),
  },
]

const remote: readonly Fault[] = [
  {
    name: 'the sign-in service is down',
    finding: ['sign-in', 'failure', /status 503/],
    also: ['credentials', 'deployments'],
    plant(world, t) {
      world.entra.down = true
      t.after(() => {
        world.entra.down = false
      })
      return {}
    },
  },
  {
    name: 'the tenant does not exist',
    finding: ['sign-in', 'failure', /cannot be verified/],
    plant: () => entra({ tenants: ['99999999-9999-4999-8999-999999999999'] }),
  },
  {
    name: 'the sign-in service is not where it should be',
    finding: ['sign-in', 'failure', /nothing listens there/],
    plant: async () => entra({ authority: `http://127.0.0.1:${await closedPort()}` }),
  },
  {
    name: 'the name of an instance does not resolve',
    finding: ['instances', 'failure', /the name does not resolve/],
    also: ['credentials', 'deployments'],
    plant: () => one({ endpoint: 'https://gone.invalid' }),
  },
  {
    name: 'nothing listens where an instance should be',
    finding: ['instances', 'failure', /nothing listens there/],
    also: ['credentials', 'deployments'],
    plant: async () => one({ endpoint: `http://127.0.0.1:${await closedPort()}` }),
  },
  {
    name: 'an instance speaks no TLS',
    finding: ['instances', 'failure', /speaks no TLS/],
    also: ['credentials', 'deployments'],
    plant: world => one({ endpoint: world.one.url.replace('http:', 'https:') }),
  },
  {
    name: 'the certificate of an instance has ended',
    finding: ['instances', 'failure', /its certificate ended on/],
    also: ['credentials', 'deployments'],
    plant: async (_, t) => one({ endpoint: await startTls(t, 400 * 86_400_000, true) }),
  },
  {
    name: 'the certificate of an instance is not trusted',
    finding: ['instances', 'failure', /trusted|authority/],
    also: ['credentials', 'deployments'],
    plant: async (_, t) => one({ endpoint: await startTls(t, 0, false) }),
  },
  {
    name: 'the key of an instance is wrong',
    finding: ['credentials', 'failure', /401: it does not accept the key/],
    also: ['deployments'],
    plant: ({ env }) => ({ options: { env: { ...env, KEY_OF_INSTANCE_2: 'another-key-of-this-instance' } } }),
  },
  {
    name: 'the identity has no role on an instance',
    finding: ['credentials', 'failure', /401: the identity \S+ of tenant \S+ has no role there/],
    also: ['deployments'],
    async plant(world, t) {
      const azure = await startAzure({
        ...{ name: 'three', deployments: fastDeployments },
        entra: { authority: world.entra.url, tenantId: demoDirectory.tenantId, allowedObjectIds: [] },
      })
      t.after(() => azure.close())
      return one({ endpoint: azure.url })
    },
  },
  {
    name: 'there is no managed identity',
    finding: ['credentials', 'failure', /There is no token of the managed identity/],
    also: ['deployments'],
    plant: async () => ({
      options: {
        appService: { IDENTITY_ENDPOINT: `http://127.0.0.1:${await closedPort()}/msi`, IDENTITY_HEADER: 'header' },
      },
    }),
  },
  {
    name: 'a deployment does not exist',
    finding: ['deployments', 'failure', /It has no deployment gpt-4o-eu/],
    plant: () => one({ deployments: { 'gpt-4o': { model: 'gpt-4o' }, 'gpt-4o-eu': { model: 'gpt-4o' } } }),
  },
]

const shared: readonly Fault[] = [
  {
    name: 'Redis evicts keys',
    finding: ['redis', 'warning', /It evicts keys/],
    plant(world, t) {
      tell(world.redis.port, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
      t.after(() => void tell(world.redis.port, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction'))
      return {}
    },
  },
  {
    name: 'the password of Redis is wrong',
    finding: ['redis', 'failure', /refuses the sign-in \(WRONGPASS\)/],
    plant: () => redis({ username: 'gatehouse', password: '${env:PASSWORD_OF_TOPIC}' }),
  },
  {
    name: 'Redis is no cluster',
    finding: ['redis', 'failure', /no node of a cluster/],
    plant: () => redis({ cluster: true }),
  },
  {
    name: 'Redis is not there',
    finding: ['redis', 'failure', /nothing listens there/],
    plant: async () => redis({ url: `redis://127.0.0.1:${await closedPort()}` }),
  },
  {
    name: 'the user of Redis may not run scripts',
    finding: ['redis', 'failure', /NOPERM/],
    plant(world, t) {
      tell(world.redis.port, 'ACL', 'SETUSER', 'reader', 'on', '>a-long-password', '~*', '+ping', '+info')
      t.after(() => void tell(world.redis.port, 'ACL', 'DELUSER', 'reader'))
      return redis({ username: 'reader', password: '${env:PASSWORD_OF_TOPIC}' })
    },
  },
  {
    name: 'the parent of the directory of a feed is missing',
    finding: ['feeds', 'failure', /parent does not exist/],
    plant: ({ directory }) => feed('files', { kind: 'files', directory: join(directory, 'no', 'archive') }),
  },
  {
    name: 'the topic of a feed does not exist',
    finding: ['feeds', 'failure', /Topic others does not exist/],
    plant: world => feed('kafka', { ...world.feeds.kafka, topic: 'others' }),
  },
  {
    name: 'a topic refuses the password',
    finding: ['feeds', 'failure', /credential was refused/],
    plant: world =>
      feed('kafka', {
        ...world.feeds.kafka,
        credential: { mechanism: 'plain', username: 'somebody-else', password: '${env:PASSWORD_OF_TOPIC}' },
      }),
  },
  {
    name: 'the event hub of a feed does not exist',
    finding: ['feeds', 'failure', /there is no such event hub/],
    plant: world => feed('hubs', { ...world.feeds.hubs, hub: 'others' }),
  },
  {
    name: 'nothing listens where a webhook should be',
    finding: ['feeds', 'failure', /nothing listens there/],
    plant: async world =>
      feed('webhook', { ...world.feeds.webhook, url: `http://127.0.0.1:${await closedPort()}/hook` }),
  },
  {
    name: 'a collector refuses the credential',
    finding: ['feeds', 'failure', /answered 401/],
    plant: world =>
      feed('otlp', {
        ...world.feeds.otlp,
        credential: { header: 'authorization', secret: '${env:PASSWORD_OF_TOPIC}' },
      }),
  },
]

const sent: readonly Fault[] = [
  {
    name: 'the collector of metrics refuses the credential',
    finding: ['metrics', 'failure', /answered 401/],
    plant: () => ({
      change: config => ({
        ...config,
        telemetry: withSecret(config.telemetry, '${env:PASSWORD_OF_TOPIC}'),
      }),
    }),
  },
]

function withSecret(telemetry: ConfigInput['telemetry'], secret: string): ConfigInput['telemetry'] {
  const metrics = telemetry?.metrics
  if (metrics === undefined) throw new TypeError('no metrics are sent')
  return { metrics: { ...metrics, credential: { header: 'authorization', secret } } }
}

export const faults: readonly Fault[] = [...local, ...remote, ...shared, ...sent]
