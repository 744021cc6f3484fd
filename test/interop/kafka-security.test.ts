/** Signing in, TLS, compression, sizes, and what the feed says when something of it is wrong. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { demoDirectory, selfMadeCertificate, startEntra } from '@gatehouse/simulator'
import { readAppService } from '../../packages/gateway/src/instances/managed-identity.ts'
import { type ProducerSettings, TopicProducer } from '../../packages/gateway/src/ledger/feeds/kafka/producer.ts'
import { readTopic } from '../../packages/gateway/src/ledger/feeds/kafka/reader.ts'
import type { KafkaCredential } from '../../packages/gateway/src/ledger/feeds/kafka/settings.ts'
import { consumeWithKafka, KafkaCluster } from '../../scripts/kafka/cluster.ts'
import type { Listener } from '../../scripts/kafka/settings.ts'
import { closedPort } from '../support/ports.ts'
import { noiseOf, randomOf, seedOfRun } from '../support/random.ts'
import { fedLedger, receive, sameRecords } from './support/fed.ts'
import { makeTopic, messagesIn } from './support/topic.ts'

const own = selfMadeCertificate(Date.now())
const scope = 'https://127.0.0.1'
const password = 'a password; with no quotes'
const users = { gatehouse: password }
const sasl = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', over = {}): KafkaCredential => ({
  ...{ mechanism, username: 'gatehouse', password },
  ...over,
})

let entra: Awaited<ReturnType<typeof startEntra>>
let cluster: KafkaCluster
before(async () => {
  const [registration] = demoDirectory.registrations
  assert.ok(registration !== undefined)
  const named = { ...registration, uris: [...registration.uris, scope] }
  entra = await startEntra({ directory: { ...demoDirectory, registrations: [named] } })
  const { issuer, audience, keys } = await tokenFacts()
  cluster = await KafkaCluster.start({ security: { ...own, users, keys, issuer, audience } })
  await makeTopic(cluster.brokers(), 'open', { partitions: 3 })
})
after(async () => {
  await cluster?.close()
  await entra?.close()
})

/** What the broker must know to verify the simulated Entra's tokens. */
async function tokenFacts() {
  const token = await readToken()()
  const claims = JSON.parse(Buffer.from(token.token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >
  const { jwks_uri } = (await (
    await fetch(`${entra.url}/${demoDirectory.tenantId}/v2.0/.well-known/openid-configuration`)
  ).json()) as { jwks_uri: string }
  return {
    issuer: String(claims['iss']),
    audience: String(claims['aud']),
    keys: await (await fetch(jwks_uri)).text(),
  }
}

const readToken = () => readAppService(entra.managedIdentity, null, `${scope}/.default`)

const settingsOf = (listener: Listener, over: Partial<ProducerSettings> = {}): ProducerSettings => ({
  ...{ brokers: cluster.brokers(listener), topic: 'open', tls: false, compression: 'none', messageBytes: 1_000_000 },
  ...over,
})

const trusted = { ca: own.certificate }

async function send(settings: ProducerSettings, bodies: readonly Buffer[], parts = {}): Promise<void> {
  const producer = await TopicProducer.open(settings, () => {}, parts)
  try {
    for (const body of bodies) await producer.add({ key: 'key', headers: { id: '1' }, body })
    await producer.flush()
  } finally {
    await producer.close()
  }
}

/** Why it cannot be sent. */
async function failureOf(settings: ProducerSettings, bodies: readonly Buffer[] = [Buffer.from('{}')], parts = {}) {
  const error = await send(settings, bodies, parts).then(
    () => null,
    error => error,
  )
  assert.ok(error instanceof Error, 'it fails')
  assert.ok(!error.message.includes(password), 'no credential is shown')
  return error.message
}

const ways: readonly (readonly [Listener, ProducerSettings['tls'], KafkaCredential | undefined])[] = [
  ['plain', false, undefined],
  ['tls', trusted, undefined],
  ...(['sasl', 'sasltls'] as const).flatMap(listener => {
    const tls = listener === 'sasl' ? false : trusted
    const all = [sasl('plain'), sasl('scram-sha-256'), sasl('scram-sha-512'), 'managed-identity' as const]
    return all.map(credential => [listener, tls, credential] as const)
  }),
]

test('messages are written and read over plain connections, TLS, PLAIN, SCRAM and OAUTHBEARER', async () => {
  for (const [listener, tls, credential] of ways) {
    const before = await messagesIn(settingsOf('plain'))
    const settings = settingsOf(listener, { tls, credential })
    const parts = { readToken }
    await send(settings, [Buffer.from(`{"id":"${listener}"}`)], parts)
    assert.equal(await messagesIn(settingsOf('plain')), before + 1, `${listener} ${JSON.stringify(credential)}`)
    const stop = new AbortController()
    const onMoved = (): void => assert.fail('nothing was deleted')
    for await (const messages of readTopic(settings, new Map(), stop.signal, { ...parts, onMoved })) {
      if (messages.length > 0) break
    }
  }
})

test('what is wrong with a broker, a topic or a credential is said in words that name it', async () => {
  const port = await closedPort()
  const refused = /the credential was refused\. Check `credential`/
  const cases: readonly (readonly [RegExp, ProducerSettings])[] = [
    [refused, settingsOf('sasl', { credential: sasl('plain', { password: 'wrong' }) })],
    [refused, settingsOf('sasl', { credential: sasl('scram-sha-256', { password: 'wrong' }) })],
    [refused, settingsOf('sasltls', { tls: trusted, credential: sasl('scram-sha-512', { username: 'nobody' }) })],
    [/not signed by an authority that `tls` trusts/, settingsOf('tls', { tls: true })],
    [/wants TLS|the connection/, settingsOf('tls')],
    [/does not speak TLS|closed the connection/, settingsOf('plain', { tls: trusted })],
    [/closed the connection.*sign-in/, settingsOf('sasl')],
    [/sign in|closed the connection|refused/, settingsOf('plain', { credential: sasl('plain') })],
    [/Topic nowhere does not exist/, settingsOf('plain', { topic: 'nowhere' })],
    [/nothing listens at that address/, settingsOf('plain', { brokers: [`127.0.0.1:${port}`] })],
    [/its name cannot be resolved/, settingsOf('plain', { brokers: ['kafka.invalid:9092'] })],
  ]
  for (const [expected, settings] of cases) assert.match(await failureOf(settings), expected)
  const expired = { readToken: () => async () => ({ token: await entra.token({ as: 'alice' }), expiresAtMs: 0 }) }
  const settings = settingsOf('sasl', { credential: 'managed-identity' })
  assert.match(await failureOf(settings, undefined, expired), refused)
  const none = { readToken: () => () => Promise.reject(new Error('none')) }
  assert.match(await failureOf(settings, undefined, none), /there is no token of the managed identity/)
})

test('the limit of the topic is learned, and a message that is too large is named as such', async () => {
  await makeTopic(cluster.brokers(), 'small', { partitions: 1, configs: { 'max.message.bytes': '50000' } })
  const small = settingsOf('plain', { topic: 'small' })
  const producer = await TopicProducer.open(small, () => {})
  const { bodyBytesMax } = producer
  await producer.close()
  assert.ok(bodyBytesMax > 45_000 && bodyBytesMax < 50_000, String(bodyBytesMax))
  const bodies = Array.from({ length: 3 }, (_, at) => noiseOf(at, bodyBytesMax))
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const settings = { ...small, compression }
    const opened = await TopicProducer.open(settings, () => {})
    await send(
      settings,
      bodies.map(body => body.subarray(0, opened.bodyBytesMax)),
    )
    await opened.close()
  }
  assert.match(
    await failureOf(small, [noiseOf(1, 60_000)]),
    /Topic small takes no messages of this size.*MESSAGE_TOO_LARGE/,
  )
})

test('a ledger is in topics of every compression, whole, in order and with long records in parts', async t => {
  const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
  const recorded: string[] = []
  for (const compression of compressions) {
    const connection = { brokers: cluster.brokers(), topic: `by-${compression}`, tls: false }
    await makeTopic(connection.brokers, connection.topic, { partitions: 3 })
    const fed = await fedLedger(t, randomOf(seedOfRun()), { ...connection, bodies: true, compression })
    await fed.record(300)
    await fed.caughtUp()
    const received = await receive(connection)
    sameRecords(received.ids, fed.ids)
    assert.ok(received.parted > 0)
    recorded.push(...fed.ids)
  }
  // Kafka's own client decompresses what ours compressed.
  const ids = new Set<string>()
  const counts = compressions.map(name => messagesIn({ brokers: cluster.brokers(), topic: `by-${name}`, tls: false }))
  const messages = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  const from = ['--bootstrap-server', cluster.brokers().join(), '--include', 'by-.*', '--from-beginning']
  await consumeWithKafka([...from, '--max-messages', String(messages)], line => {
    const [, id] = /^\{"id":"([0-9a-f-]{36})"/.exec(line) ?? []
    if (id !== undefined) ids.add(id)
  })
  sameRecords([...ids], recorded)
})
