import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import {
  type Authority,
  audience,
  base64url,
  type Claims,
  claimsOf,
  person,
  program,
  signed,
  signedHmac,
  signingKey,
  startAuthority,
  startMs,
  strangeTenant,
  TestClock,
  tenantA,
  tenantB,
  verifierOf,
} from './authority.fixture.ts'
import { AuthorityError, IdentityError, type IdentityErrorCode } from './errors.ts'
import type { Verifier } from './index.ts'
import { unknownKeyPauseMs } from './keys.ts'
import { createVerifier } from './verifier.ts'

const keyA = await signingKey('a1')
const keyB = await signingKey('b1')
const strangeKey = await signingKey('a1')

let authority: Authority
let clock: TestClock
let verifier: Verifier

before(async () => {
  authority = await startAuthority()
  authority.keys.set(tenantA, [keyA.jwk])
  authority.keys.set(tenantB, [keyB.jwk])
})
beforeEach(() => {
  verifier?.close()
  clock = new TestClock()
  verifier = verifierOf(authority, clock)
  authority.reads.length = 0
})
after(async () => {
  verifier.close()
  await authority.close()
})

const mint = (changes: Claims = {}, header: Claims = {}): string => signed(keyA, claimsOf(authority, changes), header)

async function refused(token: string, code: IdentityErrorCode, hint?: RegExp): Promise<void> {
  await assert.rejects(verifier.verify(token), error => {
    assert.ok(error instanceof IdentityError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, hint ?? /./)
    // No part of a token may be in a message: no run of its text, no signature.
    for (const part of token.split('.')) assert.ok(part.length < 20 || !error.message.includes(part.slice(0, 20)))
    return true
  })
  assert.equal(verifier.remembered(token), null, 'a refused token must not be remembered')
}

// These are the two shapes of tokens that Entra issues; without them no call is possible.
test('a person is known by tid and oid, in both versions of tokens', async () => {
  for (const ver of ['1.0', '2.0'] as const) {
    const caller = await verifier.verify(mint({ ver, groups: [tenantB.toUpperCase()], roles: ['Use'] }))
    assert.deepEqual(caller, {
      kind: 'user',
      tenantId: tenantA,
      objectId: person,
      appId: program,
      displayName: 'alice@contoso.example',
      groups: [tenantB],
      listsGroups: true,
      groupsOverage: false,
      roles: ['Use'],
      scopes: ['user_impersonation'],
      managedIdentityId: null,
      audience,
      tokenVersion: ver,
      expiresAtMs: startMs + 3_600_000,
    })
  }
})

test('an application and a managed identity are applications, whatever their names say', async () => {
  const arm = '/subscriptions/S/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Bot'
  const caller = await verifier.verify(
    mint({ scp: undefined, upn: undefined, app_displayname: 'bot', xms_mirid: arm, scopes: 'x' }),
  )
  assert.equal(caller.kind, 'application')
  assert.equal(caller.managedIdentityId, arm.toLowerCase())
  assert.equal(caller.displayName, 'bot')
  assert.deepEqual(caller.scopes, [])
  const declared = await verifier.verify(mint({ idtyp: 'app' }))
  assert.equal(declared.kind, 'application', 'idtyp decides where it is present')
  const user = await verifier.verify(mint({ idtyp: 'user', scp: undefined }))
  assert.equal(user.kind, 'user')
})

// An ID token proves to an application who a person is; it is no permission to call a service.
test('an ID token is refused', async () => {
  await refused(mint({ scp: undefined, appid: undefined, aud: program }), 'token_claims', /ID token/)
})

test('a token with more groups than it lists is recognised, in all the forms of Entra', async () => {
  const forms = [{ _claim_names: { groups: 'src1' } }, { hasgroups: true }, { hasgroups: 'true' }]
  for (const form of forms) assert.equal((await verifier.verify(mint(form))).groupsOverage, true)
  assert.equal((await verifier.verify(mint({ _claim_names: { other: 'src1' } }))).groupsOverage, false)
})

// Each of these, if accepted, would admit anyone.
test('an attack on the signature is refused', async () => {
  const claims = claimsOf(authority)
  const none = `${base64url(JSON.stringify({ alg: 'none', typ: 'JWT', kid: 'a1' }))}.${base64url(JSON.stringify(claims))}.`
  await refused(none, 'token_algorithm', /"none".*RS256/)
  for (const alg of ['None', 'NONE', 'nOnE', 'PS256', 'RS512', 'ES256', '', null, ['RS256'], undefined]) {
    await refused(mint({}, { alg }), 'token_algorithm')
  }
  await refused(signedHmac(keyA.pem, claims, 'a1'), 'token_algorithm', /HS256/)
  await refused(signed(strangeKey, claims), 'token_signature')
  const [head, , signature] = mint().split('.')
  await refused(`${head}.${base64url(JSON.stringify({ ...claims, oid: tenantB }))}.${signature}`, 'token_signature')
  await refused(mint().slice(0, -86), 'token_signature')
  await refused(`${mint()}AAAA`, 'token_signature')
  await refused(`${mint().split('.').slice(0, 2).join('.')}.`, 'token_malformed', /not signed/)
})

test("another tenant's key cannot sign for this one", async () => {
  await refused(signed(keyB, claimsOf(authority)), 'token_signature', /key/)
  await refused(signed(keyB, claimsOf(authority), { kid: 'a1' }), 'token_signature')
  const own = await verifier.verify(signed(keyB, claimsOf(authority, { tid: tenantB })))
  assert.equal(own.tenantId, tenantB)
})

test('a key, or an address of keys, inside the token is ignored', async () => {
  const evil = `${authority.url}/evil/keys`
  const header = { jwk: strangeKey.jwk, jku: evil, x5u: evil, x5c: ['MIIB'] }
  await refused(signed(strangeKey, claimsOf(authority), header), 'token_signature')
  assert.ok(!authority.reads.some(path => path.includes('evil')))
  assert.equal((await verifier.verify(mint({}, header))).objectId, person)
})

test('a header that differs from what Entra writes is refused', async () => {
  await refused(mint({}, { crit: ['exp'] }), 'token_malformed', /crit/)
  await refused(mint({}, { crit: [] }), 'token_malformed')
  await refused(mint({}, { b64: false, crit: ['b64'] }), 'token_malformed')
  for (const typ of ['dpop+jwt', 'logout+jwt', '', 7, null, ['JWT']]) {
    await refused(mint({}, { typ }), 'token_malformed', /typ/)
  }
  for (const typ of ['JWT', 'jwt', 'at+jwt', 'application/at+jwt', undefined]) {
    assert.equal((await verifier.verify(mint({}, { typ }))).objectId, person)
  }
})

test('a key id is only ever used as the key of a table', async () => {
  const unknown = ['../../etc/passwd', '__proto__', 'constructor', 'a1\u0000', ' a1', 'x'.repeat(256), "' OR 1=1"]
  for (const kid of unknown) {
    clock.nowMs += unknownKeyPauseMs
    await refused(mint({}, { kid }), 'token_signature', /key/)
  }
  for (const kid of [['a1'], { a1: 1 }, 7, '', null, undefined, 'x'.repeat(257)]) {
    await refused(mint({}, { kid }), 'token_malformed', /kid/)
  }
})

test('a text that is not a token is refused, whatever it is', async () => {
  const good = mint()
  const [head = '', body = '', signature = ''] = good.split('.')
  const broken = [
    '',
    '.',
    '..',
    'a.b.c',
    head,
    `${head}.${body}`,
    `${good}.x`,
    `${head}.${body}.${signature}=`,
    `${head}.${body}.${signature.slice(0, -1)}${signature.endsWith('B') ? 'C' : 'B'}`,
    `${head}. ${body}.${signature}`,
    `${head}.${body}é.${signature}`,
    `${base64url('[1]')}.${body}.${signature}`,
    `${base64url('null')}.${body}.${signature}`,
    `${Buffer.from('{"alg":"RS256","kid":"\xff"}', 'latin1').toString('base64url')}.${body}.${signature}`,
    signed(keyA, '"text"'),
    signed(keyA, '[]'),
    signed(keyA, '{"tid":'),
  ]
  for (const text of broken) await refused(text, 'token_malformed')
})

// If the gateway computed over any length, one client could keep it busy.
test('a token of 100 KB is refused at once, before anything is computed', async () => {
  const long = mint({ filler: 'x'.repeat(75_000) })
  assert.ok(long.length > 100_000)
  await refused(long, 'token_malformed', /16384/)
  assert.equal(authority.reads.length, 0)
})

test('a token of another tenant, issuer or audience is refused without a single request', async () => {
  await refused(signed(strangeKey, claimsOf(authority, { tid: strangeTenant })), 'token_tenant', new RegExp(tenantA))
  for (const tid of [undefined, 7, [tenantA], '', `${tenantA} `]) await refused(mint({ tid }), 'token_tenant')
  for (const iss of [
    undefined,
    7,
    '',
    'x',
    `https://sts.windows.net/${tenantB}/`,
    `https://evil.example/?${tenantA}/`,
  ]) {
    await refused(mint({ iss }), 'token_issuer')
  }
  for (const aud of [
    undefined,
    7,
    '',
    'https://graph.microsoft.com',
    `${audience}.evil.example`,
    [audience],
    `${audience}//`,
  ]) {
    await refused(
      mint({ aud }),
      'token_audience',
      /https:\/\/cognitiveservices\.azure\.com or https:\/\/ai\.azure\.com/,
    )
  }
  assert.equal(authority.reads.length, 0)
})

test('an issuer that names the tenant but is not the one that the tenant publishes is refused', async () => {
  await refused(mint({ iss: `https://evil.example/${tenantA}/` }), 'token_issuer')
  await refused(mint({ iss: `https://sts.windows.net/${tenantA}` }), 'token_issuer')
  // A version belongs to its issuer.
  await refused(mint({ iss: `${authority.url}/${tenantA}/v2.0` }), 'token_issuer')
  assert.equal(authority.keyReads(), 1, 'a made-up issuer causes no second reading')
})

test('an audience is accepted with and without a slash at its end, a client id in either case', async () => {
  for (const aud of [
    audience,
    `${audience}/`,
    'https://ai.azure.com',
    'https://ai.azure.com/',
    program.toUpperCase(),
  ]) {
    assert.ok(await verifier.verify(mint({ aud })))
  }
})

test('a message shows at most 200 harmless characters of a claim', async () => {
  await refused(
    mint({ aud: `a\u001b[31m\r\nb\u2028\u202e"${'x'.repeat(900)}` }),
    'token_audience',
    /for "a\[31mbx{1,200}…"/,
  )
})

test('a token counts from nbf to exp, with the tolerance on both sides', async () => {
  const token = mint({ nbf: startMs / 1_000 + 100, exp: startMs / 1_000 + 200 })
  clock.nowMs = startMs + 39_999
  await refused(token, 'token_not_yet_valid', /12:01:40/)
  clock.nowMs = startMs + 40_000
  assert.ok(await verifier.verify(token))
  clock.nowMs = startMs + 259_999
  assert.ok(verifier.remembered(token))
  assert.ok(await verifier.verify(mint({ exp: startMs / 1_000 + 200 })), 'also one that is not remembered')
  clock.nowMs = startMs + 260_000
  assert.equal(verifier.remembered(token), null, 'memory must not outlive the token')
  await refused(token, 'token_expired', /new one/)
  clock.nowMs = startMs
  for (const exp of [undefined, '9999999999', null, -1, 1e300]) await refused(mint({ exp }), 'token_claims', /exp/)
  await refused(mint({ nbf: 'now' }), 'token_claims', /nbf/)
})

test('claims of the wrong shape are refused by name', async () => {
  await refused(mint({ ver: '3.0' }), 'token_claims', /ver/)
  for (const oid of [undefined, 7, '', 'alice', [person]]) await refused(mint({ oid }), 'token_claims', /oid/)
  await refused(mint({ groups: 'all' }), 'token_claims', /groups/)
  await refused(mint({ roles: [1] }), 'token_claims', /roles/)
  await refused(mint({ scp: ['a'], idtyp: 'user' }), 'token_claims', /scp/)
  await refused(mint({ idtyp: 'device' }), 'token_claims', /idtyp/)
})

// A stranger may choose the names of claims; names of every object's prototype must mean nothing.
test('claims named like parts of an object prototype change nothing', async () => {
  const text = JSON.stringify(claimsOf(authority)).replace(
    '{',
    '{"__proto__":{"roles":["Admin"],"groups":["x"]},"constructor":1,',
  )
  const caller = await verifier.verify(signed(keyA, text))
  assert.deepEqual([caller.roles, caller.groups], [[], []])
  assert.equal(Reflect.get({}, 'roles'), undefined)
})

test('only listed programs may have obtained the token, when there is a list', async () => {
  verifier.close()
  verifier = verifierOf(authority, clock, { clients: [program.toUpperCase()] })
  assert.ok(await verifier.verify(mint()))
  assert.ok(await verifier.verify(mint({ ver: '2.0' })))
  await refused(mint({ appid: tenantB }), 'token_client', new RegExp(tenantB))
  // The claim of the other version does not count.
  await refused(mint({ appid: undefined, azp: program }), 'token_client')
})

// A cache with a part of the token as its key would give one caller the rights of another.
test('tokens that share a long prefix are different callers', async () => {
  const shared = { filler: 'x'.repeat(4_000) }
  const claims = { ...shared, ...claimsOf(authority) }
  const alice = signed(keyA, JSON.stringify({ ...claims, oid: person }))
  const other = signed(keyA, JSON.stringify({ ...claims, oid: tenantB }))
  assert.equal(alice.slice(0, 5_000), other.slice(0, 5_000))
  assert.equal((await verifier.verify(alice)).objectId, person)
  assert.equal(verifier.remembered(other), null)
  await refused(`${alice.slice(0, -10)}${other.slice(-10)}`, 'token_signature')
  assert.equal((await verifier.verify(other)).objectId, tenantB)
  assert.equal(verifier.remembered(alice)?.objectId, person)
})

// A proxy in front sends many callers over one connection: the last token must never stand in for the next one.
test('a connection recognises its last token only by comparing every character, while the token is valid', async () => {
  const connection = {}
  const claims = claimsOf(authority)
  const alice = signed(keyA, JSON.stringify({ ...claims, oid: person }))
  const other = signed(keyA, JSON.stringify({ ...claims, oid: tenantB }))
  assert.equal(verifier.remembered(alice, connection), null)
  const caller = await verifier.verify(alice)
  await verifier.verify(other)
  for (const token of [alice, alice, other, alice, other, other, alice]) {
    const known = verifier.remembered(`${token.slice(0, 20)}${token.slice(20)}`, connection)
    assert.equal(known?.objectId, token === alice ? person : tenantB)
  }
  assert.equal(verifier.remembered(alice, connection), caller)
  const last = alice.slice(-1) === 'A' ? 'B' : 'A'
  assert.equal(verifier.remembered(`${alice.slice(0, -1)}${last}`, connection), null)
  assert.equal(verifier.remembered(alice.slice(0, -1), connection), null)
  clock.nowMs = caller.expiresAtMs + 120_000
  assert.equal(verifier.remembered(alice, connection), null, 'a connection must not outlive its token')
})

// Other parts hang on this object what they computed for a caller: a new object per call would make that useless.
test('the same token gives the same object, also when it is verified twice at the same time', async () => {
  const token = mint()
  const callers = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)))
  for (const caller of callers) assert.equal(caller, callers[0])
  assert.equal(verifier.remembered(token), callers[0])
  assert.equal(await verifier.verify(token), callers[0])
  assert.ok(Object.isFrozen(callers[0]) && Object.isFrozen(callers[0]?.roles))
})

test('a closed verifier knows no caller', async () => {
  const token = mint()
  await verifier.verify(token)
  const connection = {}
  assert.ok(verifier.remembered(token, connection))
  verifier.close()
  assert.equal(verifier.remembered(token), null)
  assert.equal(verifier.remembered(token, connection), null)
  await refused(token, 'keys_unavailable')
})

// Over plain http, anyone on the way could replace the keys.
test('a sign-in service over plain http is refused when the gateway starts', () => {
  const options = { tenants: [tenantA], audiences: [audience], clients: null, clockSkewMs: 0, clock: clock.read }
  for (const bad of [
    'http://login.example',
    'ftp://127.0.0.1',
    'x',
    'https://user:secret@login.example',
    'https://login.example?a=b',
  ]) {
    assert.throws(
      () => createVerifier({ ...options, authority: bad }),
      (error: unknown) => error instanceof AuthorityError && !error.message.includes('secret'),
    )
  }
  createVerifier({ ...options, authority: 'https://login.example/' }).close()
  createVerifier({ ...options, authority: 'http://[::1]:1' }).close()
})
