import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { systemClock } from '../../packages/gateway/src/clock.ts'
import { createVerifier } from '../../packages/gateway/src/identity/verifier.ts'
import { demoAudience, demoDirectory } from '../../packages/simulator/src/directory.ts'
import { startEntra } from '../../packages/simulator/src/entra/index.ts'
import { KeysFileError } from '../../packages/simulator/src/entra/keys.ts'
import {
  askToken,
  azureOpenAi,
  claimsOf,
  entraOf,
  otherApi,
  tenant,
  twoApis,
} from '../../packages/simulator/src/entra/person.fixture.ts'
import type { Directory, EntraSimulator } from '../../packages/simulator/src/types.ts'

const groupOfAlice = '64000000-6b1d-4c1e-9a53-0f5d1c7e2b01'
let entra: EntraSimulator
before(async () => {
  entra = await startEntra({ directory: twoApis })
})
after(() => entra.close())

async function json(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  return (await (await fetch(url, init)).json()) as Record<string, unknown>
}

// Clients find every address in these documents; an issuer that differs from the tokens' own rejects every caller.
test('discovery names the issuers of the tokens, in both versions', async () => {
  const v1 = await json(`${entra.url}/${tenant}/.well-known/openid-configuration`)
  const v2 = await json(`${entra.url}/${tenant}/v2.0/.well-known/openid-configuration`)
  assert.equal(v1.issuer, `https://sts.windows.net/${tenant}/`)
  assert.equal(v2.issuer, `${entra.url}/${tenant}/v2.0`)
  assert.equal(claimsOf(await entra.token({ as: 'alice' })).iss, v1.issuer)
  assert.equal(claimsOf(await entra.token({ as: 'alice', audience: otherApi.appId })).iss, v2.issuer)
  const keySet = createRemoteJWKSet(new URL(String(v2.jwks_uri)))
  await jwtVerify(await entra.token({ as: 'alice' }), keySet, { issuer: String(v1.issuer), audience: demoAudience })
})

// Entra's aliases do not name a tenant; a client that took one for an issuer would accept any tenant.
test('an alias of the tenant has the placeholder as issuer, and an unknown tenant is refused', async () => {
  const common = await json(`${entra.url}/common/v2.0/.well-known/openid-configuration`)
  assert.equal(common.issuer, `${entra.url}/{tenantid}/v2.0`)
  const strange = await json(`${entra.url}/contoso/v2.0/.well-known/openid-configuration`)
  assert.equal(strange.error, 'invalid_tenant')
  assert.deepEqual(strange.error_codes, [90002])
})

// These tokens are made for the gateway's verifier: simulator and gateway must agree on every claim.
test('the gateway verifies tokens of people, applications and managed identities, of both versions', async () => {
  const verifier = createVerifier({
    authority: entra.url,
    tenants: [tenant],
    audiences: [azureOpenAi, demoAudience, otherApi.appId],
    clients: null,
    clockSkewMs: 0,
    clock: systemClock,
  })
  for (const audience of [azureOpenAi, demoAudience, otherApi.appId]) {
    const alice = await verifier.verify(await entra.token({ as: 'alice', audience }))
    assert.equal(alice.kind, 'user')
    assert.equal(alice.displayName, 'alice@contoso.example')
    assert.deepEqual(alice.groups, audience === demoAudience ? [groupOfAlice] : [])
    assert.deepEqual(alice.roles, audience === demoAudience ? ['HrBot.Use'] : [])
    const finder = await verifier.verify(await entra.token({ as: 'expert-finder-app', audience }))
    assert.equal(finder.kind, 'application')
    assert.equal(finder.appId, 'e47e4710-2c5f-4d0b-8c3e-5b9a7d1f3e20')
    const job = await verifier.verify(await entra.token({ as: 'nightly-summaries', audience }))
    assert.match(job.managedIdentityId ?? '', /userassignedidentities\/nightly-summaries$/)
  }
  verifier.close()
})

// The manifest of its resource decides on the claims of an access token in Entra. Rules by group that are tested with
// tokens of Microsoft's own audience turn out in production to admit no caller.
test('N-K1 only tokens for the tenant’s own registrations have groups and app roles, as their manifests say', async t => {
  const [registration] = demoDirectory.registrations
  assert.ok(registration)
  const quiet = { ...registration, uris: ['api://quiet'], appId: otherApi.appId, groupMembershipClaims: null }
  const own = await entraOf(t, { directory: { ...demoDirectory, registrations: [registration, quiet, otherApi] } })
  const said = async (as: string, audience: string): Promise<unknown[]> => {
    const { aud, ver, groups, roles } = claimsOf(await own.token({ as, audience }))
    return [aud, ver, groups, roles]
  }
  const carolsGroups = ['hr-department', 'engineering', 'compliance'].map(
    name => demoDirectory.groups.find(group => group.name === name)?.objectId,
  )
  const uri = 'api://gatehouse'
  assert.deepEqual(await said('carol', uri), [uri, '1.0', carolsGroups, ['HrBot.Use', 'Gatehouse.Auditor']])
  assert.deepEqual(await said('carol', 'api://quiet'), [
    'api://quiet',
    '1.0',
    undefined,
    ['HrBot.Use', 'Gatehouse.Auditor'],
  ])
  const other = otherApi.uris[1] ?? ''
  assert.deepEqual(await said('carol', other), [otherApi.appId, '2.0', undefined, ['Gatehouse.Auditor']])
  assert.deepEqual(await said('expert-finder-app', uri), [uri, '1.0', undefined, ['ExpertFinder.Call']])
  assert.deepEqual(await said('nightly-summaries', uri), [uri, '1.0', carolsGroups.slice(1, 2), undefined])
  const graph = 'https://graph.microsoft.com'
  for (const audience of [
    azureOpenAi,
    `${azureOpenAi}/`,
    'https://ai.azure.com',
    graph,
    'https://management.azure.com/',
  ]) {
    for (const as of ['carol', 'expert-finder-app', 'nightly-summaries']) {
      assert.deepEqual(await said(as, audience), [audience, '1.0', undefined, undefined], `${as} ${audience}`)
    }
  }
  const permissions = ['Application.Read.All', 'GroupMember.Read.All', 'User.Read.All']
  assert.deepEqual(await said('gatehouse-gateway', graph), [graph, '1.0', undefined, permissions])
  assert.deepEqual((await said('gatehouse-gateway', azureOpenAi))[3], undefined)
})

// A verifier that needs the claim would work with the simulator, but with no registration that follows the
// documentation.
test('N-K1 idtyp is an optional claim: tokens have it when the registration’s manifest asks for it', async () => {
  for (const [as, kind] of [
    ['alice', 'user'],
    ['expert-finder-app', 'app'],
  ] as const) {
    const said = async (audience: string): Promise<unknown> => claimsOf(await entra.token({ as, audience })).idtyp
    assert.deepEqual(
      [await said(demoAudience), await said(otherApi.appId), await said(azureOpenAi)],
      [undefined, kind, kind],
    )
  }
})

// Same by the protocol: every grant and the managed identity's endpoint make tokens in one place.
test('N-K1 sign-in, client credentials and managed identity give the claims of the resource’s manifest', async () => {
  const alice = { grant_type: 'password', username: 'alice', password: 'alice-in-the-simulator' }
  const finder = {
    grant_type: 'client_credentials',
    client_id: 'e47e4710-2c5f-4d0b-8c3e-5b9a7d1f3e20',
    client_secret: 'expert-finder-secret-of-the-simulator',
  }
  for (const [audience, groups, roles] of [
    [demoAudience, [groupOfAlice], ['HrBot.Use']],
    [azureOpenAi, undefined, undefined],
    [otherApi.uris[0], undefined, undefined],
  ] as const) {
    const scope = `${audience}/.default`
    const person = claimsOf((await askToken(entra.url, { ...alice, scope })).body.access_token)
    assert.deepEqual([person.groups, person.roles], [groups, roles], scope)
    const app = claimsOf((await askToken(entra.url, { ...finder, scope })).body.access_token)
    assert.deepEqual(app.roles, audience === demoAudience ? ['ExpertFinder.Call'] : undefined, scope)
    const query = new URLSearchParams({ resource: String(audience), 'api-version': '2019-08-01' })
    const job = await json(
      `${entra.managedIdentity.IDENTITY_ENDPOINT}?${query}&client_id=51e4a000-2c5f-4d0b-8c3e-5b9a7d1f3e22`,
      {
        headers: { 'x-identity-header': entra.managedIdentity.IDENTITY_HEADER },
      },
    )
    assert.equal('groups' in claimsOf(job.access_token), audience === demoAudience, scope)
  }
})

// Group membership decides access; a token that silently dropped groups would deny or grant at random.
test('more than 200 groups become an overage, 200 do not', async t => {
  const groupsOf = async (count: number) => {
    const groups = Array.from({ length: count }, (_, at) => ({
      name: `g${at}`,
      objectId: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    }))
    const [person] = demoDirectory.people
    assert.ok(person)
    const directory: Directory = {
      ...demoDirectory,
      groups,
      people: [{ ...person, groups: groups.map(group => group.name) }],
    }
    const crowded = await entraOf(t, { directory })
    const claims = claimsOf(await crowded.token({ as: person.name }))
    return claims
  }
  assert.equal(Array.isArray((await groupsOf(200)).groups), true)
  const over = await groupsOf(201)
  assert.equal(over.groups, undefined)
  assert.deepEqual(over._claim_names, { groups: 'src1' })
})

test('claims can be replaced and removed, for tests of tokens that must be refused', async () => {
  const claims = claimsOf(
    await entra.token({ as: 'bob', claims: { tid: 'other', oid: undefined }, lifetimeSeconds: -60, version: '2.0' }),
  )
  assert.equal(claims.tid, 'other')
  assert.equal('oid' in claims, false)
  assert.equal(claims.ver, '2.0')
  assert.equal(Number(claims.exp) - Number(claims.iat), -60)
  await assert.rejects(entra.token({ as: 'nobody' }), /has no 'nobody'.*alice, bob/)
})

// Rotation happens in Entra without notice: callers with an old token must be accepted until the old key is withdrawn.
test('rotation keeps old tokens valid until the old key is withdrawn', async t => {
  const own = await entraOf(t)
  const keysUrl = `${own.url}/${tenant}/discovery/v2.0/keys`
  const old = await own.token({ as: 'alice' })
  await own.rotateKeys()
  const fresh = await own.token({ as: 'alice' })
  await jwtVerify(old, createRemoteJWKSet(new URL(keysUrl)))
  await jwtVerify(fresh, createRemoteJWKSet(new URL(keysUrl)))
  await json(`${own.url}/_simulator/rotate-keys`, { method: 'POST', body: '{"keepOld":false}' })
  await assert.rejects(jwtVerify(fresh, createRemoteJWKSet(new URL(keysUrl))), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

// Tests of the gateway's key cache count these reads; a missed one would hide a stampede.
test('an outage answers 503 to everything but its own end, and reads are still counted', async t => {
  const own = await entraOf(t)
  const keysUrl = `${own.url}/${tenant}/discovery/v2.0/keys`
  own.down = true
  const refused = await fetch(keysUrl)
  assert.equal(refused.status, 503)
  assert.equal(((await refused.json()) as { error: string }).error, 'temporarily_unavailable')
  assert.equal(own.keySetReads, 1)
  await json(`${own.url}/_simulator/down`, { method: 'POST', body: '{"down":false}' })
  assert.equal((await fetch(keysUrl)).status, 200)
  assert.equal((await fetch(`${own.url}/${tenant}/.well-known/openid-configuration`)).status, 200)
  assert.equal(own.keySetReads, 3)
})

// A program that controls the service can be any person: web pages of other origins must not be able to.
test('control refuses browsers and malformed bodies, with the reason', async () => {
  const url = `${entra.url}/_simulator/token`
  const fromPage = await fetch(url, {
    method: 'POST',
    headers: { origin: 'http://evil.example' },
    body: '{"as":"alice"}',
  })
  assert.equal(fromPage.status, 404)
  const token = await json(url, { method: 'POST', body: '{"as":"alice","claims":{"oid":null,"roles":["X"]}}' })
  assert.deepEqual(claimsOf(token.access_token).roles, ['X'])
  assert.equal('oid' in claimsOf(token.access_token), false)
  for (const [body, said] of [
    ['{"as":', 'not JSON'],
    ['{"az":"alice"}', 'as'],
    ['{"as":"alice","more":1}', 'more'],
    ['[]', 'the body'],
  ] as const) {
    const refused = await fetch(url, { method: 'POST', body })
    assert.equal(refused.status, 400)
    assert.ok(((await refused.json()) as { error_description: string }).error_description.includes(said), body)
  }
})

// DNS rebinding: a page elsewhere points its own name at 127.0.0.1 and would read tokens as if from its own origin.
test('a Host that is not a loopback name is refused', async () => {
  const status = await new Promise(resolve => {
    const url = new URL(`${entra.url}/${tenant}/discovery/v2.0/keys`)
    const sent = request(url, { headers: { host: 'rebound.example' } }, answer => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.end()
  })
  assert.equal(status, 421)
})

test('bad requests get an error in Entra’s shape: unknown path, wrong method, wrong type, far too large', async () => {
  const tokenUrl = `${entra.url}/${tenant}/oauth2/v2.0/token`
  const cases = [
    { url: `${entra.url}/${tenant}/nothing`, init: {}, status: 404 },
    { url: `${entra.url}//evil.example/x`, init: {}, status: 404 },
    { url: tokenUrl, init: {}, status: 405 },
    { url: tokenUrl, init: { method: 'POST', body: '{}' }, status: 400 },
    { url: tokenUrl, init: { method: 'POST', body: new URLSearchParams('a=1&a=2') }, status: 400 },
    { url: tokenUrl, init: { method: 'POST', body: new URLSearchParams({ a: 'x'.repeat(70_000) }) }, status: 413 },
  ]
  for (const { url, init, status } of cases) {
    const response = await fetch(url, init)
    const body = (await response.json()) as Record<string, unknown>
    assert.equal(response.status, status, url)
    assert.match(String(body.error_description), /^AADSTS\d+: \S/)
    assert.ok(typeof body.trace_id === 'string' && typeof body.correlation_id === 'string' && body.timestamp)
  }
})

// The demonstration restarts; yesterday's tokens and sign-ins in people's caches must still be valid today.
test('keys survive a restart in a private file, and an error names a broken file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'entra-keys-'))
  const path = join(directory, 'deep', 'signing-keys.json')
  const start = () => startEntra({ directory: demoDirectory, keysDirectory: join(directory, 'deep') })
  const first = await start()
  const token = await first.token({ as: 'alice' })
  await first.rotateKeys()
  await first.close()
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const second = await start()
  await jwtVerify(token, createRemoteJWKSet(new URL(`${second.url}/${tenant}/discovery/v2.0/keys`)))
  await second.close()
  const kept = await readFile(path, 'utf8')
  for (const broken of ['', '{}', kept.slice(0, 400), kept.replaceAll('PRIVATE', 'PUBLIC')]) {
    await writeFile(path, broken)
    await assert.rejects(start(), (error: unknown) => {
      assert.ok(error instanceof KeysFileError)
      assert.ok(error.message.includes(path) && !/BEGIN|refreshSecret/.test(String(error.stack)))
      return true
    })
  }
  await rm(directory, { recursive: true })
})

test('a port that is taken is an error of the start, not of the process', async () => {
  const port = Number(new URL(entra.url).port)
  await assert.rejects(startEntra({ directory: demoDirectory, port }), { code: 'EADDRINUSE' })
})
