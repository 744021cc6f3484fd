import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import { selfMadeCertificate } from '@gatehouse/simulator'
import { request } from 'undici'
import { connectionFailure } from './connection-failure.ts'

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.listening && server.close())
  return (server.address() as AddressInfo).port
}

const failureOf = async (asked: Promise<unknown>): Promise<{ why: string; next: string | null }> =>
  connectionFailure(
    await asked.then(
      () => assert.fail('it answered'),
      (error: unknown) => error,
    ),
  )

// `400303B72C7F0000:error:0A00010B:SSL routines:tls_validate_record_header` helps nobody to correct an address.
test('C15 a wrong way to connect is said in words, whichever client met it', async t => {
  const plain = await portOf(
    t,
    createServer((_, response) => response.end('x')),
  )
  const { certificate: cert, privateKey: key } = selfMadeCertificate(Date.now())
  const secure = await portOf(
    t,
    createTlsServer({ cert, key }, (_, response) => response.end('x')),
  )
  const moved = await portOf(
    t,
    createServer((_, response) => response.writeHead(302, { location: '/x' }).end()),
  )
  const closing = createServer()
  closing.on('connection', socket => socket.destroy())
  const broken = await portOf(t, closing)
  const gone = createServer()
  const nothing = await portOf(t, gone)
  gone.close()
  await once(gone, 'close')
  for (const [url, why] of [
    [`https://127.0.0.1:${plain}`, /speaks http, not https\.$/],
    [`https://127.0.0.1:${secure}`, /^Its certificate is self-signed/],
    [`http://127.0.0.1:${nothing}`, /^The connection was refused: nothing listens there\.$/],
    [`http://127.0.0.1:${broken}`, /^The connection broke off\.$/],
  ] as const) {
    for (const asked of [request(url), fetch(url)]) assert.match((await failureOf(asked)).why, why, url)
  }
  const slow = await failureOf(
    fetch(`http://127.0.0.1:${plain}`, { signal: AbortSignal.abort(new DOMException('x', 'TimeoutError')) }),
  )
  assert.equal(slow.why, 'It did not answer in time.')
  assert.match((await failureOf(fetch(`http://127.0.0.1:${moved}`, { redirect: 'error' }))).why, /redirect/)
  assert.match((await failureOf(fetch(`https://127.0.0.1:${secure}`))).next ?? '', /^NODE_EXTRA_CA_CERTS=FILE/)
})

test('C15 a code that is not known is named, and other text of an error is not quoted', () => {
  const coded = (code: string): Error => Object.assign(new Error('eyJhbGciOi.secret'), { code })
  assert.equal(
    connectionFailure(new TypeError('fetch failed', { cause: coded('ENOTFOUND') })).why,
    'The name does not resolve.',
  )
  assert.equal(connectionFailure(new AggregateError([coded('EHOSTUNREACH')])).why.startsWith('No network leads'), true)
  assert.equal(connectionFailure(coded('ESOMETHING')).why, 'The connection failed (ESOMETHING).')
  for (const odd of [coded('a b'), new Error('eyJhbGciOi.secret'), 'text', null]) {
    assert.equal(connectionFailure(odd).why, 'The connection broke off.')
  }
})
