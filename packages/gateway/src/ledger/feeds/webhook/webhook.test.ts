import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer as createSocketServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { selfMadeCertificate } from '@gatehouse/simulator'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { closedPort } from '../../../../../../test/support/ports.ts'
import { shownFields } from '../../fields.ts'
import { addressFault, type ResolveName } from '../checked-addresses.ts'
import { endedLedger, startRunner } from '../filing/filing.fixture.ts'
import { recordedExchange } from '../recorded.fixture.ts'
import { RetryLaterError } from '../retry-later.ts'
import { openFeed } from './index.ts'
import type { WebhookSettings } from './settings.ts'
import { keyOf, signedHeaders } from './sign.ts'
import { secret, startReceiver, startSending, verified } from './webhook.fixture.ts'

const exchanges = (count: number) => Array.from({ length: count }, () => recordedExchange())

// A receiver that cannot verify a message must not act on it.
test('a message is verified by the library of Standard Webhooks and holds the record', async t => {
  const receiver = await startReceiver(t)
  const { feed, counted } = startSending(t, { url: receiver.url, bodies: true })
  const exchange = recordedExchange({ request: '{"q":"ü"}', response: 'answer' })
  await feed.take([exchange])
  const [message] = receiver.messages
  assert.ok(message !== undefined)
  assert.equal(message.id, `record_${exchange.id}`)
  assert.equal(message.type, 'records.gatehouse')
  assert.equal(message.timestamp, new Date(exchange.closed.endedAtMs).toISOString())
  assert.equal(message.feed, 'alerts')
  const [record, ...others] = message.records
  assert.deepEqual(others, [])
  assert.deepEqual(
    [record?.['id'], record?.['totalTokens'], record?.['requestBody'], record?.['responseBody']],
    [exchange.id, 15, '{"q":"ü"}', 'answer'],
  )
  for (const { name } of shownFields) assert.ok(record !== undefined && name in record, name)
  assert.match(String(message.headers['user-agent']), /^gatehouse\/\d/)
  assert.equal(counted.bytes, Number(message.headers['content-length']))
})

test('columns and form decide what a message holds', async t => {
  const receiver = await startReceiver(t)
  const { feed } = startSending(t, { url: receiver.url, form: 'gen_ai', columns: ['gatehouse.workload'] })
  const exchange = recordedExchange()
  await feed.take([exchange])
  assert.deepEqual(receiver.messages[0]?.records, [{ id: exchange.id, 'gatehouse.workload': 'hr-bot' }])
  assert.equal(receiver.messages[0]?.type, 'records.gen_ai')
})

test('every signature is the one that the library makes', () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array({ minLength: 24, maxLength: 64 }),
      (id, atMs, body, key) => {
        const text = `whsec_${Buffer.from(key).toString('base64')}`
        const headers = signedHeaders(id, atMs, Buffer.from(body), [keyOf(text)])
        assert.equal(headers['webhook-signature'], new Webhook(text).sign(id, new Date(atMs), body))
        assert.equal(headers['webhook-timestamp'], String(Math.floor(atMs / 1_000)))
      },
    ),
  )
})

test('while a secret is changed, receivers of the old and of the new one verify the same message', async t => {
  const previous = `whsec_${Buffer.alloc(24, 'old').toString('base64')}`
  const bodies: Buffer[] = []
  const receiver = await startReceiver(t, (response, _, request) => {
    verified(bodies[0] ?? Buffer.alloc(0), request.headers, previous)
    response.end()
  })
  const exchange = recordedExchange()
  const { feed } = startSending(t, { url: receiver.url, credential: { secret, previous }, columns: ['status'] })
  const ended = new Date(exchange.closed.endedAtMs).toISOString()
  const data = { feed: 'alerts', records: [{ id: exchange.id, status: 200 }] }
  bodies.push(Buffer.from(JSON.stringify({ type: 'records.gatehouse', timestamp: ended, data })))
  await feed.take([exchange])
  assert.equal(String(receiver.messages[0]?.headers['webhook-signature']).split(' ').length, 2)
})

// Receivers drop what they have seen by this id: another one would make an alert come twice.
test('a message that is tried again has the same id and records, also after a restart, and new records wait', async t => {
  let isDown = true
  const receiver = await startReceiver(t, response => response.writeHead(isDown ? 503 : 204).end())
  const [one, two, three] = exchanges(3)
  assert.ok(one !== undefined && two !== undefined && three !== undefined)
  const first = startSending(t, { url: receiver.url })
  await first.failure([one, two])
  await first.failure([one, two, three])
  const second = startSending(t, { url: receiver.url })
  await second.failure([one, two])
  isDown = false
  await second.feed.take([one, two, three])
  const seen = receiver.messages.map(({ id, records }) => [id, records.length])
  const [together] = seen
  assert.deepEqual(seen, [together, together, together, together, [`record_${three.id}`, 1]])
  assert.equal(together?.[1], 2)
})

test('what the receiver has taken of a batch is not sent again with the rest', async t => {
  const receiver = await startReceiver(t, (response, number) => response.writeHead(number === 1 ? 500 : 200).end())
  const [one, two, three] = exchanges(3)
  assert.ok(one !== undefined && two !== undefined && three !== undefined)
  const { feed, failure } = startSending(t, { url: receiver.url })
  await failure([one])
  receiver.answer = (response, number) => response.writeHead(number === 3 ? 500 : 200).end()
  await failure([one, two, three])
  await feed.take([one, two, three])
  const ids = receiver.messages.map(({ records }) => records.map(({ id }) => id))
  assert.deepEqual(ids, [[one.id], [one.id], [two.id, three.id], [two.id, three.id]])
})

const answers: readonly (readonly [status: number, message: RegExp])[] = [
  [301, /answered 301: redirects are not followed/],
  [307, /answered 307: redirects are not followed/],
  [304, /answered 304/],
  [401, /answered 401\. Check that it has the secret/],
  [403, /answered 403\. Check that it has the secret/],
  [404, /answered 404\. Correct `url`/],
  [408, /answered 408/],
  [500, /answered 500\. The feed tries again/],
  [503, /answered 503\. The feed tries again/],
]
for (const [status, message] of answers) {
  test(`${status} fails the feed with the reason, and the same message comes later`, async t => {
    const elsewhere = await startReceiver(t)
    const receiver = await startReceiver(t, (response, number) =>
      response.writeHead(number === 1 ? status : 200, { location: elsewhere.url }).end('secret of the receiver'),
    )
    const { feed, failure } = startSending(t, { url: receiver.url })
    const [exchange] = exchanges(1)
    assert.ok(exchange !== undefined)
    const error = await failure([exchange])
    assert.match(error.message, message)
    assert.ok(!error.message.includes('secret of the receiver'))
    await feed.take([exchange])
    assert.deepEqual(
      receiver.messages.map(({ id }) => id),
      [`record_${exchange.id}`, `record_${exchange.id}`],
    )
    assert.equal(elsewhere.connections(), 0, 'no redirect is followed')
  })
}

for (const status of [429, 503, 500]) {
  test(`a pause that the receiver asks for with ${status} is kept`, async t => {
    const at = new Date(Date.now() + 90_000).toUTCString()
    const receiver = await startReceiver(t, (response, number) =>
      response.writeHead(status, { 'retry-after': number === 1 ? '120' : at }).end(),
    )
    const { failure } = startSending(t, { url: receiver.url })
    const batch = exchanges(1)
    const [seconds, date] = [await failure(batch), await failure(batch)]
    assert.ok(seconds instanceof RetryLaterError && date instanceof RetryLaterError)
    assert.equal(seconds.afterMs, 120_000)
    assert.ok(date.afterMs > 0 && date.afterMs <= 90_000)
    assert.match(seconds.message, new RegExp(`answered ${status} and asks for a pause of 120 s`))
  })
}

test('410 pauses the feed and says what to do', async t => {
  const receiver = await startReceiver(t, response => response.writeHead(410).end())
  const { failure, counted } = startSending(t, { url: receiver.url })
  assert.match((await failure(exchanges(1))).message, /answered 410: it wants nothing more\. The feed is paused\./)
  assert.equal(counted.pauses, 1)
})

// A receiver that was taken away must not be asked for ever, and what it missed must not be lost.
test('after 410 the feed stays paused until it is resumed; then the receiver gets everything', async t => {
  const ended = await endedLedger(t, ['text', 'audio'])
  let isGone = true
  const receiver = await startReceiver(t, response => response.writeHead(isGone ? 410 : 204).end())
  const settings: WebhookSettings = {
    ...{ url: receiver.url, credential: { secret }, timeout: 15_000 },
    ...{ form: 'gatehouse', columns: null, bodies: true },
  }
  const { runner } = await startRunner(t, ended, async parts => openFeed(settings, parts))
  await assert.rejects(runner.caughtUp(), /410.*The feed is paused/)
  await runner.caughtUp()
  const { isPaused, lastError, lagRecords } = runner.progress()
  assert.deepEqual([isPaused, lagRecords, receiver.messages.length], [true, ended.rows.size, 1])
  assert.match(lastError ?? '', /it wants nothing more/)
  isGone = false
  receiver.messages.length = 0
  runner.resume()
  await runner.caughtUp()
  const ids = receiver.messages.flatMap(({ records }) => records.map(({ id }) => id))
  assert.deepEqual(ids.toSorted(), [...ended.rows.keys()].toSorted())
})

// One record that a receiver cannot read must not keep all later alerts from it.
test('a record that the receiver refuses ten times is set aside, and the others of its message arrive once', async t => {
  const all = exchanges(5)
  const poison = all[2]?.id ?? ''
  const receiver = await startReceiver(t, response => {
    const { records } = receiver.messages.at(-1) ?? assert.fail()
    response.writeHead(records.some(({ id }) => id === poison) ? 422 : 200).end()
  })
  const { feed, failure, aside } = startSending(t, { url: receiver.url })
  for (let time = 1; time < 10; time += 1) assert.match((await failure(all)).message, /answered 422: it does not take/)
  assert.equal(aside.length, 0)
  await feed.take(all)
  assert.deepEqual(
    aside.map(({ id }) => id),
    [poison],
  )
  assert.match(aside[0]?.reason ?? '', /answered 422.*It was sent 10 times/)
  const taken = receiver.messages.flatMap(({ records }) =>
    records.some(({ id }) => id === poison) ? [] : records.map(({ id }) => id),
  )
  assert.deepEqual(
    taken,
    all.map(({ id }) => id).filter(id => id !== poison),
  )
})

test('a record whose bodies are damaged is set aside, and the others are sent', async t => {
  const receiver = await startReceiver(t)
  const [one, two] = exchanges(2)
  assert.ok(one !== undefined && two !== undefined)
  const damaged = {
    ...one,
    readBodies: () => {
      throw new Error('the journal no longer holds the bodies')
    },
  }
  const { feed, aside } = startSending(t, { url: receiver.url, bodies: true })
  await feed.take([damaged, two])
  assert.deepEqual(
    [aside.map(({ id }) => id), receiver.messages.flatMap(({ records }) => records.map(({ id }) => id))],
    [[one.id], [two.id]],
  )
})

/** A server that treats each connection as the test says, below HTTP. */
async function startSocketServer(t: TestContext, meet: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createSocketServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    meet(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
}

const broken: readonly (readonly [what: string, meet: (socket: Socket) => void, message: RegExp])[] = [
  ['closes at once', socket => socket.destroy(), /the connection broke|the request failed/],
  ['resets after the request', socket => socket.once('data', () => socket.resetAndDestroy()), /the connection broke/],
  [
    'breaks off within the header',
    socket => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-le')),
    /127\.0\.0\.1:\d+: .*\(\w+\)/,
  ],
  [
    'answers what is not HTTP',
    socket => socket.once('data', () => socket.end('hello\r\n\r\n')),
    /what it answers is not HTTP/,
  ],
  ['never answers', () => {}, /did not answer within 0\.3 s/],
  [
    'never ends the header of its answer',
    socket => {
      socket.write('HTTP/1.1 200 OK\r\nx: ')
      const timer = setInterval(() => socket.write('y'), 20)
      socket.on('close', () => clearInterval(timer))
    },
    /did not answer within 0\.3 s/,
  ],
]
for (const [what, meet, message] of broken) {
  test(`a receiver that ${what} fails the feed with the reason`, async t => {
    const url = await startSocketServer(t, meet)
    const { failure } = startSending(t, { url, timeout: what.startsWith('never') ? 300 : 15_000 })
    assert.match((await failure(exchanges(1))).message, message)
  })
}

// An answer without an end must not fill memory or hold the feed.
test('the answer counts at its status: a body without an end, or cut off, is thrown away', async t => {
  let sent = 0
  const receiver = await startReceiver(t, (response, number) => {
    response.writeHead(200, number === 1 ? {} : { 'content-length': '1000' })
    if (number > 1) {
      response.write('half', () => response.destroy())
      return
    }
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536
    }
    response.on('drain', more)
    more()
  })
  const { feed } = startSending(t, { url: receiver.url })
  await feed.take(exchanges(1))
  await feed.take(exchanges(1))
  assert.equal(receiver.messages.length, 2)
  assert.ok(sent < 64 * 1_048_576)
})

test('nothing listens, or the name is unknown: the feed fails with the reason', async t => {
  const nobody = startSending(t, { url: `http://127.0.0.1:${await closedPort()}/hook` })
  assert.match((await nobody.failure(exchanges(1))).message, /127\.0\.0\.1:\d+: nothing listens.*\(ECONNREFUSED\)/)
  const unknown = startSending(t, { url: 'https://hooks.invalid/' })
  assert.match((await unknown.failure(exchanges(1))).message, /hooks\.invalid: its name cannot be resolved/)
})

test('a certificate of an unknown authority is refused, and a known one is taken', async t => {
  const tls = selfMadeCertificate(Date.now())
  const receiver = await startReceiver(t, undefined, tls)
  const before = startSending(t, { url: receiver.url })
  assert.match((await before.failure(exchanges(1))).message, /certificate is not trusted.*NODE_EXTRA_CA_CERTS/)
  assert.deepEqual(receiver.messages, [])
  const known = getCACertificates('default')
  t.after(() => setDefaultCACertificates(known))
  setDefaultCACertificates([...known, tls.certificate])
  const after = startSending(t, { url: receiver.url })
  await after.feed.take(exchanges(1))
  assert.equal(receiver.messages.length, 1)
})

/** A name service that gives these answers, one after the other. */
function namesOf(...given: readonly (readonly string[])[]): ResolveName & { readonly asked: () => number } {
  let asked = 0
  const resolve: ResolveName = (_, done) => {
    const addresses = given[Math.min(asked, given.length - 1)] ?? []
    asked += 1
    done(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return Object.assign(resolve, { asked: () => asked })
}

// Whoever controls a name must not reach the gateway's own network with it.
test('a name with an address that is not public is refused before anything is sent, whatever else it has', async t => {
  const receiver = await startReceiver(t)
  const { port } = new URL(receiver.url)
  for (const addresses of [
    ['127.0.0.1'],
    ['10.1.2.3'],
    ['169.254.169.254'],
    ['168.63.129.16'],
    ['fd00:ec2::254'],
    ['::ffff:127.0.0.1'],
    ['20.42.65.92', '127.0.0.1'],
  ]) {
    const { failure } = startSending(t, { url: `http://hooks.contoso.com:${port}/` }, namesOf(addresses))
    const { message } = await failure(exchanges(1))
    assert.match(message, /^hooks\.contoso\.com:\d+ has the (private )?address /, message)
  }
  assert.equal(receiver.connections(), 0)
})

test('a name that changes its address is checked again for each connection, and resolved once for it', async t => {
  const receiver = await startReceiver(t, response => response.writeHead(200, { connection: 'close' }).end())
  const names = namesOf(['127.0.0.1'], ['10.0.0.1'])
  const { feed, failure } = startSending(t, { url: receiver.url }, names)
  await feed.take(exchanges(1))
  assert.equal(names.asked(), 1)
  assert.match((await failure(exchanges(1))).message, /has the address 10\.0\.0\.1, which is not this machine/)
  assert.deepEqual([receiver.messages.length, receiver.connections()], [1, 1])
})

test('an address in the place of a name is checked too', async t => {
  for (const host of ['169.254.169.254', '10.0.0.1', '[fe80::1]', '[::ffff:7f00:1]']) {
    const { failure } = startSending(t, { url: `https://${host}/` })
    assert.match((await failure(exchanges(1))).message, /has the (private )?address/)
  }
})

test('private addresses are allowed for the host that is named, and metadata services for none', () => {
  const own = 'hooks.corp.local'
  assert.equal(addressFault(own, ['10.0.0.1', 'fd12::1', '20.42.65.92'], own), null)
  assert.match(addressFault(own, ['10.0.0.1'], null) ?? '', /private address 10\.0\.0\.1.*`privateHost`/)
  assert.match(addressFault('other.corp.local', ['10.0.0.1'], own) ?? '', /private address/)
  for (const address of ['169.254.169.254', '168.63.129.16', '127.0.0.1', '::1', 'fe80::1'])
    assert.match(addressFault(own, ['10.0.0.1', address], own) ?? '', /not public/, address)
})

test('only records that meet every filter are wanted', t => {
  const records = {
    budget: recordedExchange({ closed: { outcome: 'refused', outcomeCode: 'budget_exhausted', cost: null } }),
    dear: recordedExchange({ closed: { cost: { nano: 2_000_000_000, currency: 'USD', price: 'one' } } }),
    other: recordedExchange({ closed: { cost: { nano: 2_000_000_000, currency: 'EUR', price: 'one' } } }),
    plain: recordedExchange(),
  }
  const wanted = (only: Parameters<typeof startSending>[1]['only']): string[] => {
    const { feed } = startSending(t, { url: 'http://localhost:1/', only })
    return Object.entries(records).flatMap(([name, record]) => (feed.wants(record) ? [name] : []))
  }
  assert.deepEqual(wanted(undefined), ['budget', 'dear', 'other', 'plain'])
  assert.deepEqual(wanted({ codes: ['budget_exhausted', 'backend_cut'] }), ['budget'])
  assert.deepEqual(wanted({ cost: { nano: 2_000_000_000, currency: 'USD' } }), ['dear'])
  assert.deepEqual(wanted({ tokens: 15 }), ['budget', 'dear', 'other', 'plain'])
  assert.deepEqual(wanted({ tokens: 16 }), [])
  assert.deepEqual(wanted({ codes: ['budget_exhausted'], cost: { nano: 1, currency: 'USD' } }), [])
})
