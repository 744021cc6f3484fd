import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brief, changedBy, check } from './rules.fixture.ts'

const files = { kind: 'files', directory: './out' }

test('a feed needs its kind and its directory only', async () => {
  const { errors, warnings } = await check(changedBy({ 'feeds/archive': files }))
  assert.deepEqual([brief(errors), brief(warnings)], [[], []])
})

const blob = { kind: 'blob', account: 'https://contoso.blob.core.windows.net', container: 'ledger' }

test('a feed to Blob Storage needs an account and a container, or a connection string and a container', async () => {
  const credential = { connectionString: 'AccountName=contoso;AccountKey=a2V5' }
  const { account: _, ...named } = { ...blob, credential }
  const { errors } = await check(changedBy({ 'feeds/a': blob, 'feeds/b': named }))
  assert.deepEqual(brief(errors), [])
})

const kafka = { kind: 'kafka', brokers: ['kafka.example.net:9093'], topic: 'ledger' }
const plain = {
  mechanism: 'plain',
  username: '$ConnectionString',
  password: 'Endpoint=sb://contoso/;SharedAccessKey=x',
}

test('a feed to Kafka needs brokers and a topic; without TLS only SCRAM, or a broker of this machine, gets a credential', async () => {
  const scram = { ...plain, mechanism: 'scram-sha-512' }
  const { errors } = await check(
    changedBy({
      'feeds/a': kafka,
      'feeds/b': { ...kafka, credential: plain },
      'feeds/c': { ...kafka, credential: 'managed-identity' },
      'feeds/d': { ...kafka, tls: false, credential: scram },
      'feeds/e': { ...kafka, tls: false, credential: plain, brokers: ['localhost:9092', '[::1]:9092'] },
    }),
  )
  assert.deepEqual(brief(errors), [])
})

const key = 'whsec_a2V5IG9mIGEgd2ViaG9vaywgb2YgMzIgYnl0ZXMuLi4='
const webhook = { kind: 'webhook', url: 'https://hooks.contoso.com/gatehouse?room=1', credential: { secret: key } }

test('a feed to a webhook needs an address and a secret; loopback and a private host are allowed where they are named', async () => {
  const { errors } = await check(
    changedBy({
      'feeds/a': { ...webhook, credential: { secret: key, previous: key } },
      'feeds/b': { ...webhook, url: 'http://localhost:8090/hook' },
      'feeds/c': { ...webhook, url: 'https://10.1.2.3/hook', privateHost: '10.1.2.3' },
      'feeds/d': { ...webhook, url: 'https://hooks.corp.local/', privateHost: 'hooks.corp.local' },
    }),
  )
  assert.deepEqual(brief(errors), [])
})

const otlp = { kind: 'otlp', url: 'https://collector.contoso.com/v1/traces' }
const bearer = { header: 'authorization', secret: 'Bearer 0123456789' }
const insightsKey = 'InstrumentationKey=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0'
const insights = { kind: 'application-insights', connectionString: insightsKey }

test('a feed of spans needs an address only; plain http goes to this machine, or where the configuration allows it', async () => {
  const { errors } = await check(
    changedBy({
      'feeds/a': { ...otlp, credential: bearer, sample: { share: 0.1, slowerThan: '5s', workloads: { bot: 1 } } },
      'feeds/b': { ...otlp, url: 'http://localhost:4318/v1/traces', credential: bearer, providers: { one: 'openai' } },
      'feeds/c': { ...otlp, url: 'http://otel-collector:4318/v1/traces', insecure: true },
      'feeds/d': { ...otlp, url: 'https://10.1.2.3:4318/v1/traces' },
      'feeds/e': { ...otlp, url: 'https://collector.contoso.com:4317', protocol: 'grpc' },
      'feeds/f': { ...insights, credential: 'managed-identity' },
      'feeds/g': { ...insights, connectionString: `${insightsKey};IngestionEndpoint=http://localhost:8087/` },
    }),
  )
  assert.deepEqual(brief(errors), [])
})

const hub = { kind: 'event-hubs', namespace: 'contoso.servicebus.windows.net', hub: 'records' }
const hubString = 'Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=a2V5'

test('a feed to Event Hubs needs a namespace and a hub, or a connection string and a hub', async () => {
  const credential = { connectionString: `${hubString};EntityPath=Records` }
  const { errors } = await check(changedBy({ 'feeds/a': hub, 'feeds/b': { kind: hub.kind, hub: hub.hub, credential } }))
  assert.deepEqual(brief(errors), [])
})

// The connection string is the whole right to the namespace, and a configuration is copied, mailed and committed.
test('a secret of a feed that the file itself holds is warned of, and never shown', async () => {
  const credential = { connectionString: hubString }
  const { warnings } = await check(changedBy({ 'feeds/a': { kind: hub.kind, hub: hub.hub, credential } }))
  assert.deepEqual(brief(warnings), ['risk feeds.a.credential.connectionString'])
  assert.ok(!JSON.stringify(warnings).includes('a2V5'))
})

const faults: readonly (readonly [
  what: string,
  feeds: Readonly<Record<string, unknown>>,
  problems: readonly string[],
])[] = [
  ['two feeds of one directory', { a: files, b: { ...files, directory: 'x/../out' } }, ['conflict feeds.b.directory']],
  [
    'a feed within the directory of another',
    { a: files, b: { ...files, directory: 'out/b' } },
    ['conflict feeds.b.directory'],
  ],
  ['the directory of the ledger', { a: { ...files, directory: './ledger' } }, ['conflict feeds.a.directory']],
  ['a directory around the ledger', { a: { ...files, directory: '.' } }, ['conflict feeds.a.directory']],
  ['an unknown workload', { a: { ...files, workloads: ['bit'] } }, ['unknown_name feeds.a.workloads[0]']],
  ['a workload twice', { a: { ...files, workloads: ['bot', 'bot'] } }, ['duplicate feeds.a.workloads[1]']],
  ['the form apim without bodies', { a: { ...files, form: 'apim' } }, ['conflict feeds.a.bodies']],
  [
    'columns of the form apim',
    { a: { ...files, form: 'apim', bodies: true, columns: ['User'] } },
    ['conflict feeds.a.columns'],
  ],
  ['no account', { a: { kind: 'blob', container: 'ledger' } }, ['conflict feeds.a.account']],
  [
    'an account and a connection string',
    { a: { ...blob, credential: { connectionString: 'AccountName=contoso;AccountKey=a2V5' } } },
    ['conflict feeds.a.account'],
  ],
  ['an account with a query', { a: { ...blob, account: `${blob.account}/?sig=x` } }, ['wrong_value feeds.a.account']],
  ['plain http to an account', { a: { ...blob, account: 'http://contoso.net' } }, ['wrong_value feeds.a.account']],
  [
    'a managed identity over plain http',
    { a: { ...blob, account: 'http://127.0.0.1:10000/devstoreaccount1' } },
    ['conflict feeds.a.account'],
  ],
  ['a container of no name', { a: { ...blob, container: 'Ledger' } }, ['wrong_value feeds.a.container']],
  [
    'a key that is none',
    { a: { ...blob, credential: { key: 'not base64!' } } },
    ['wrong_value feeds.a.credential.key'],
  ],
  [
    'a signature without sig',
    { a: { ...blob, credential: { sas: 'sv=2026-10-06' } } },
    ['wrong_value feeds.a.credential.sas'],
  ],
  ['a broker without a port', { a: { ...kafka, brokers: ['kafka'] } }, ['wrong_value feeds.a.brokers[0]']],
  ['a port beyond the last', { a: { ...kafka, brokers: ['kafka:65536'] } }, ['wrong_value feeds.a.brokers[0]']],
  ['a broker twice', { a: { ...kafka, brokers: ['b:1', 'b:1'] } }, ['duplicate feeds.a.brokers[1]']],
  ['a topic of no name', { a: { ...kafka, topic: '..' } }, ['wrong_value feeds.a.topic']],
  ['an authority that is no certificate', { a: { ...kafka, tls: { ca: 'x' } } }, ['wrong_value feeds.a.tls.ca']],
  ['a password without TLS', { a: { ...kafka, tls: false, credential: plain } }, ['conflict feeds.a.tls']],
  ['a token without TLS', { a: { ...kafka, tls: false, credential: 'managed-identity' } }, ['conflict feeds.a.tls']],
  [
    'a way to sign in that is none',
    { a: { ...kafka, credential: { ...plain, mechanism: 'gssapi' } } },
    ['wrong_value feeds.a.credential.mechanism'],
  ],
  ['a webhook without a secret', { a: { kind: 'webhook', url: webhook.url } }, ['missing_key feeds.a.credential']],
  ...['', 'whsec_', 'whsec_c2hvcnQ=', key.slice(6), 'whsec_not base64'].map(
    secret =>
      [
        `the secret "${secret}"`,
        { a: { ...webhook, credential: { secret } } },
        ['wrong_value feeds.a.credential.secret'],
      ] as const,
  ),
  ['a webhook over plain http', { a: { ...webhook, url: 'http://hooks.contoso.com' } }, ['wrong_value feeds.a.url']],
  ['a user name in an address', { a: { ...webhook, url: 'https://me:word@contoso.com' } }, ['wrong_value feeds.a.url']],
  ...[
    'https://169.254.169.254/',
    'https://[fe80::1]/',
    'https://168.63.129.16/',
    'https://10.0.0.1/',
    'https://[fd12::1]/',
  ].map(url => [`a webhook to ${url}`, { a: { ...webhook, url } }, ['conflict feeds.a.url']] as const),
  [
    'a metadata service as the private host',
    { a: { ...webhook, url: 'https://169.254.169.254/', privateHost: '169.254.169.254' } },
    ['conflict feeds.a.url'],
  ],
  [
    'a private host that is not the one of the address',
    { a: { ...webhook, privateHost: 'hooks.corp.local' } },
    ['conflict feeds.a.privateHost'],
  ],
  ['spans over plain http', { a: { ...otlp, url: 'http://collector:4318/' } }, ['wrong_value feeds.a.url']],
  [
    'a secret with spans over plain http',
    { a: { ...otlp, url: 'http://collector:4318/', insecure: true, credential: bearer } },
    ['conflict feeds.a.url'],
  ],
  ['spans to a metadata service', { a: { ...otlp, url: 'https://169.254.169.254/' } }, ['conflict feeds.a.url']],
  [
    'a header field of no name',
    { a: { ...otlp, credential: { ...bearer, header: 'a b' } } },
    ['wrong_value feeds.a.credential.header'],
  ],
  [
    'a secret that would end the header field',
    { a: { ...otlp, credential: { ...bearer, secret: 'Bearer 1\r\nx: y' } } },
    ['wrong_value feeds.a.credential.secret'],
  ],
  [
    'a path for gRPC',
    { a: { ...otlp, url: 'https://collector:4317/v1/traces', protocol: 'grpc' } },
    ['conflict feeds.a.url'],
  ],
  [
    'a connection string of nothing',
    { a: { ...insights, connectionString: 'InstrumentationKey=1' } },
    ['conflict feeds.a.connectionString'],
  ],
  [
    'a connection string that leads to a metadata service',
    { a: { ...insights, connectionString: `${insightsKey};IngestionEndpoint=https://169.254.169.254/` } },
    ['conflict feeds.a.connectionString'],
  ],
  [
    'a connection string over plain http',
    { a: { ...insights, connectionString: `${insightsKey};IngestionEndpoint=http://host/` } },
    ['conflict feeds.a.connectionString'],
  ],
  ['no connection string', { a: { kind: 'application-insights' } }, ['missing_key feeds.a.connectionString']],
  ['an unknown family of names', { a: { ...otlp, genai: 'v1_42' } }, ['wrong_value feeds.a.genai']],
  ['a share above all', { a: { ...otlp, sample: { share: 10 } } }, ['wrong_value feeds.a.sample.share']],
  ['bodies on spans', { a: { ...otlp, bodies: true } }, ['unknown_key feeds.a.bodies']],
  [
    'a share of a workload that is none',
    { a: { ...otlp, sample: { workloads: { bit: 1 } } } },
    ['unknown_name feeds.a.sample.workloads.bit'],
  ],
  [
    'a provider of an instance that is none',
    { a: { ...otlp, providers: { three: 'openai' } } },
    ['unknown_name feeds.a.providers.three'],
  ],
  ['no namespace', { a: { kind: 'event-hubs', hub: 'records' } }, ['conflict feeds.a.namespace']],
  [
    'a namespace and a connection string',
    { a: { ...hub, credential: { connectionString: hubString } } },
    ['conflict feeds.a.namespace'],
  ],
  [
    'a connection string of another hub',
    { a: { kind: hub.kind, hub: 'b', credential: { connectionString: `${hubString};EntityPath=c` } } },
    ['conflict feeds.a.hub'],
  ],
  [
    'a connection string without a key',
    { a: { kind: hub.kind, hub: 'b', credential: { connectionString: 'Endpoint=sb://contoso' } } },
    ['wrong_value feeds.a.credential.connectionString'],
  ],
  ['a namespace with a scheme', { a: { ...hub, namespace: 'sb://contoso' } }, ['wrong_value feeds.a.namespace']],
  ['a key of another kind', { a: { ...hub, container: 'x' } }, ['unknown_key feeds.a.container']],
  ['an unknown outcome', { a: { ...files, outcomes: ['done'] } }, ['wrong_value feeds.a.outcomes[0]']],
  ['an unknown kind', { a: { ...files, kind: 'file' } }, ['wrong_value feeds.a.kind']],
  ['a feed without a kind', { a: { directory: './out' } }, ['missing_key feeds.a.kind']],
  ['an unknown key', { a: { ...files, folder: 'x' } }, ['unknown_key feeds.a.folder']],
  ['a batch without records', { a: { ...files, batch: { records: 0 } } }, ['wrong_value feeds.a.batch.records']],
]
for (const [what, feeds, problems] of faults) {
  test(`refused: ${what}`, async () => {
    const { errors } = await check(changedBy({ feeds }))
    assert.deepEqual(brief(errors), problems)
  })
}
