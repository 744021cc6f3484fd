import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { eventually } from '../../../../test/support/wait.ts'
import { logTo } from '../log.fixture.ts'
import {
  type Authority,
  type Claims,
  claimsOf,
  type SigningKey,
  signed,
  signingKey,
  startAuthority,
  startMs,
  TestClock,
  tenantA,
  verifierOf,
} from './authority.fixture.ts'
import { IdentityError, type IdentityErrorCode } from './errors.ts'
import type { Verifier } from './index.ts'
import {
  absentKeyMs,
  failurePauseMs,
  freshnessEveryMs,
  keepWhileDownMs,
  refreshAfterMs,
  unknownKeyPauseMs,
  unknownKeyReadings,
} from './keys.ts'

const first = await signingKey('k1')
const second = await signingKey('k2')
const third = await signingKey('k3')

let authority: Authority
let clock: TestClock
let verifier: Verifier
let said: { fields: Readonly<Record<string, unknown>>; message: string }[]
let serial = 0

before(async () => {
  authority = await startAuthority()
})
beforeEach(() => {
  verifier?.close()
  authority.down = false
  authority.answers.clear()
  authority.keys.set(tenantA, [first.jwk])
  authority.reads.length = 0
  clock = new TestClock()
  said = []
  const log = logTo(({ fields, event }) => void said.push({ fields, message: event }))
  verifier = verifierOf(authority, clock, { log })
})
after(async () => {
  verifier.close()
  await authority.close()
})

/** A token never seen before, valid for two days. */
function mint(key: SigningKey, changes: Claims = {}): string {
  serial++
  return signed(key, claimsOf(authority, { uti: serial, exp: startMs / 1_000 + 172_800, ...changes }))
}

async function refused(token: string, code: IdentityErrorCode): Promise<void> {
  await assert.rejects(verifier.verify(token), error => {
    assert.ok(error instanceof IdentityError, String(error))
    assert.equal(error.code, code, error.message)
    assert.ok(!error.message.includes('127.0.0.1'), 'no address in what a caller reads')
    return true
  })
}

// Hundreds of calls arrive before the first key is known; the sign-in service must see one request.
test('keys are read once, however many tokens wait for them', async () => {
  await Promise.all(Array.from({ length: 50 }, () => verifier.verify(mint(first))))
  await verifier.verify(mint(first, { ver: '2.0' }))
  assert.equal(authority.keyReads(), 1)
  assert.equal(authority.reads.length, 3, 'two discovery documents and one key set')
})

test('keys are read again after a quarter of an hour, not before', async () => {
  await verifier.verify(mint(first))
  clock.nowMs += refreshAfterMs - 1
  await verifier.verify(mint(first))
  assert.equal(authority.keyReads(), 1)
  clock.nowMs += 1
  await verifier.verify(mint(first))
  assert.equal(authority.keyReads(), 2)
})

// Without this, a key rotation at the sign-in service locks every caller out until the next reading.
test('a new key is found as soon as a token names it', async () => {
  await verifier.verify(mint(first))
  authority.keys.set(tenantA, [first.jwk, second.jwk])
  const callers = await Promise.all([mint(second), mint(second), mint(second)].map(token => verifier.verify(token)))
  assert.equal(callers.length, 3)
  assert.equal(authority.keyReads(), 2)
})

const invented = (n: number): SigningKey => ({ ...third, kid: `invented-${n}` })

// Anyone can invent key ids: each must not become a request to the sign-in service.
test('W5 unknown key ids cause a few readings at once and then one per minute', async () => {
  await verifier.verify(mint(first))
  for (let i = 0; i < 20; i++) await refused(mint(second), 'token_signature')
  await Promise.all(Array.from({ length: 20 }, () => refused(mint(second), 'token_signature')))
  assert.equal(authority.keyReads(), 2, 'one key id is looked for once')
  for (let n = 1; n < unknownKeyReadings; n++) await refused(mint(invented(n)), 'token_signature')
  assert.equal(authority.keyReads(), 1 + unknownKeyReadings)
  // It is unknown whether these tokens are good, which is not the token's fault.
  for (let n = 0; n < 50; n++) await refused(mint(invented(100 + n)), 'keys_unavailable')
  assert.equal(authority.keyReads(), 1 + unknownKeyReadings)
  await refused(mint(second), 'token_signature')
  assert.ok(await verifier.verify(mint(first)), 'known keys go on serving')
})

// A client that sends a token with an invented key id every minute must not keep an emergency rotation from being
// noticed.
test('W5 a key that is rotated while others invent key ids is found within a minute, and the old one is gone', async () => {
  const stolen = mint(first)
  await verifier.verify(stolen)
  for (let n = 0; n < 20; n++) await verifier.verify(mint(invented(n))).catch(() => {})
  authority.keys.set(tenantA, [second.jwk])
  const token = mint(second)
  await refused(token, 'keys_unavailable')
  clock.nowMs += unknownKeyPauseMs
  // The reading that an invented key id causes finds it too.
  await refused(mint(invented(99)), 'token_signature')
  assert.ok(await verifier.verify(token))
  assert.equal(verifier.remembered(stolen), null)
  await refused(stolen, 'token_signature')
})

test('W5 a key that was not found is looked up again after five minutes', async () => {
  await verifier.verify(mint(first))
  await refused(mint(second), 'token_signature')
  authority.keys.set(tenantA, [first.jwk, second.jwk])
  clock.nowMs += absentKeyMs - 1
  await refused(mint(second), 'token_signature')
  clock.nowMs += 1
  assert.ok(await verifier.verify(mint(second)))
})

// A stolen key is withdrawn; a thief who holds tokens signed with it needs no new ones.
test('W5 when only remembered tokens arrive, a withdrawn key is gone within the documented time', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const own = verifierOf(authority, clock)
  t.after(() => own.close())
  const stolen = mint(first)
  await own.verify(stolen)
  authority.keys.set(tenantA, [second.jwk])
  clock.nowMs += refreshAfterMs - 1
  t.mock.timers.tick(freshnessEveryMs)
  assert.ok(own.remembered(stolen))
  clock.nowMs += 1
  t.mock.timers.tick(freshnessEveryMs)
  await eventually('the key is withdrawn', () => (own.remembered(stolen) === null ? true : null))
})

// A caller with a good token must never read that it is bad because the sign-in service is down.
test("an outage at the start is the gateway's fault (503), and ends as soon as the service is back", async () => {
  authority.down = true
  const token = mint(first)
  await refused(token, 'keys_unavailable')
  const reads = authority.reads.length
  await Promise.all(Array.from({ length: 20 }, () => refused(mint(first), 'keys_unavailable')))
  assert.equal(authority.reads.length, reads, 'an outage is not met with a request per call')
  authority.down = false
  clock.nowMs += failurePauseMs
  assert.ok(await verifier.verify(token))
  assert.deepEqual(
    said.map(line => line.message),
    ['keys_unavailable', 'keys_available'],
  )
  assert.match(String(said[0]?.fields.reason), /status 503/)
})

test('old keys are used for a day while the service is down, and no longer', async () => {
  const known = mint(first)
  await verifier.verify(known)
  authority.down = true
  for (const ageMs of [refreshAfterMs, 2 * refreshAfterMs, keepWhileDownMs - 1]) {
    clock.nowMs = startMs + ageMs
    assert.ok(await verifier.verify(mint(first)), `after ${ageMs} ms`)
  }
  clock.nowMs = startMs + keepWhileDownMs + failurePauseMs
  await refused(mint(first), 'keys_unavailable')
  assert.ok(verifier.remembered(known), 'who was verified before stays so until the token ends')
})

test('an unknown key during an outage is not called a bad token', async () => {
  await verifier.verify(mint(first))
  authority.down = true
  authority.keys.set(tenantA, [first.jwk, second.jwk])
  const token = mint(second)
  await refused(token, 'keys_unavailable')
  assert.ok(await verifier.verify(mint(first)))
  authority.down = false
  clock.nowMs += failurePauseMs
  assert.ok(await verifier.verify(token))
})

// A key is withdrawn because it was stolen: tokens that it signed must stop counting, also remembered ones.
test('tokens signed by a withdrawn key are forgotten after the next reading', async () => {
  authority.keys.set(tenantA, [first.jwk, second.jwk])
  const [stolen, good] = [mint(first), mint(second)]
  await verifier.verify(stolen)
  const caller = await verifier.verify(good)
  clock.nowMs += refreshAfterMs
  await verifier.verify(mint(second))
  authority.keys.set(tenantA, [second.jwk])
  clock.nowMs += refreshAfterMs
  const connection = {}
  assert.ok(verifier.remembered(stolen, connection))
  await verifier.verify(mint(second))
  assert.equal(verifier.remembered(stolen), null)
  assert.equal(verifier.remembered(stolen, connection), null)
  assert.equal(verifier.remembered(good), caller, 'a key that is still there keeps what it signed')
  await refused(stolen, 'token_signature')
})

test('a key that changes under its id is another key', async () => {
  const token = mint(first)
  await verifier.verify(token)
  authority.keys.set(tenantA, [{ ...second.jwk, kid: 'k1' }])
  clock.nowMs += refreshAfterMs
  assert.ok(await verifier.verify(mint({ ...second, kid: 'k1' })))
  assert.equal(verifier.remembered(token), null)
  await refused(token, 'token_signature')
})

// The set may contain keys for other purposes and of other issuers; none of them may sign a token here.
test('only RSA keys of 2048 bits for signatures of this tenant are accepted', async () => {
  const weak = await signingKey('weak', 1024)
  const unfit: Record<string, unknown>[] = [
    weak.jwk,
    { ...second.jwk, kid: 'enc', use: 'enc' },
    { ...second.jwk, kid: 'no-use', use: undefined },
    { ...second.jwk, kid: 'ps', alg: 'PS256' },
    {
      ...second.jwk,
      kid: 'foreign',
      issuer: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    },
    { kty: 'oct', use: 'sig', kid: 'oct', k: 'c2VjcmV0' },
    { kty: 'EC', use: 'sig', kid: 'ec', crv: 'P-256', x: 'AA', y: 'AA' },
    { kty: 'RSA', use: 'sig', kid: 'broken', n: '???', e: 'AQAB' },
    { kty: 'RSA', use: 'sig', kid: 7, n: second.jwk.n, e: 'AQAB' },
  ]
  const bound = { ...third.jwk, issuer: `${authority.url}/{tenantid}/v2.0` }
  authority.keys.set(tenantA, [...unfit, bound, { ...first.jwk, x5c: ['AAAA'], ext: true, key_ops: ['sign'] }])
  assert.ok(await verifier.verify(mint(first)))
  assert.ok(await verifier.verify(mint(third)))
  for (const jwk of unfit) {
    if (typeof jwk.kid !== 'string') continue
    clock.nowMs += unknownKeyPauseMs
    await refused(mint({ ...(jwk.kid === 'weak' ? weak : second), kid: jwk.kid }), 'token_signature')
  }
})

const v2Path = `/${tenantA}/v2.0/.well-known/openid-configuration`
const keysPath = `/${tenantA}/keys`
const discovery = (changes: Record<string, unknown>): string =>
  JSON.stringify({
    issuer: `${authority.url}/${tenantA}/v2.0`,
    jwks_uri: `${authority.url}${keysPath}`,
    ...changes,
  })

// Otherwise, anything that can answer in the place of the sign-in service could issue tokens.
test('documents that cannot be right count as an outage, not as an answer', async () => {
  const weak = await signingKey('k1', 1024)
  // Reaches this machine, but by an address that is not a loopback address.
  const elsewhere = `http://0.0.0.0:${new URL(authority.url).port}${keysPath}`
  const oversized = JSON.stringify({ keys: [first.jwk], filler: 'x'.repeat(1_100_000) })
  const wrong: [string, number, string, Record<string, string>?][] = [
    [v2Path, 200, discovery({ issuer: 'https://sts.windows.net/other/' })],
    [v2Path, 200, discovery({ jwks_uri: elsewhere })],
    [v2Path, 200, discovery({ jwks_uri: 7 })],
    [v2Path, 200, 'null'],
    [v2Path, 404, '{}'],
    [v2Path, 302, discovery({}), { location: '/elsewhere' }],
    [keysPath, 200, '<html>'],
    [keysPath, 200, '{"keys":[]}'],
    [keysPath, 200, '{"keys":"many"}'],
    [keysPath, 200, JSON.stringify({ keys: [weak.jwk] })],
    [keysPath, 200, oversized],
  ]
  for (const [path, status, body, headers] of wrong) {
    authority.answers.clear()
    authority.answers.set(path, (_request, response) => {
      response.writeHead(status, headers).end(body)
    })
    clock.nowMs += failurePauseMs
    await refused(mint(first), 'keys_unavailable')
  }
  assert.ok(!authority.reads.includes('/elsewhere'), 'redirects are not followed')
  authority.answers.clear()
  clock.nowMs += failurePauseMs
  assert.ok(await verifier.verify(mint(first)))
})

test('a wrong answer does not remove the keys that are held', async () => {
  const token = mint(first)
  await verifier.verify(token)
  authority.answers.set(keysPath, (_request, response) => void response.end('{"keys":[]}'))
  clock.nowMs += refreshAfterMs
  assert.ok(await verifier.verify(mint(first)))
  assert.ok(verifier.remembered(token))
})

test('a service that accepts and never answers is abandoned when the verifier closes', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const asked = once(silent, 'connection')
  const other = verifierOf({ ...authority, url: `http://127.0.0.1:${port}` }, clock)
  const waiting = assert.rejects(other.verify(mint(first)), (error: unknown) => {
    return error instanceof IdentityError && error.code === 'keys_unavailable'
  })
  const [socket] = await asked
  other.close()
  await waiting
  socket.destroy()
  silent.close()
})
