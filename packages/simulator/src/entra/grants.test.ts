import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { azureCliClientId, demoDirectory } from '../directory.ts'
import type { EntraSimulator } from '../types.ts'
import { startEntra } from './index.ts'
import {
  askToken,
  claimsOf,
  codeFor,
  entraOf,
  HandClock,
  newPkce,
  otherApi,
  redemption,
  scope,
  tenant,
  twoApis,
} from './person.fixture.ts'

const finder = demoDirectory.applications.find(row => row.name === 'expert-finder-app')
const asFinder = { client_id: finder?.appId ?? '', client_secret: finder?.secret ?? '' }
const asAlice = { grant_type: 'password', username: 'alice@contoso.example', password: 'alice-in-the-simulator' }

let entra: EntraSimulator
before(async () => {
  entra = await startEntra({ directory: twoApis })
})
after(() => entra.close())

async function refused(parameters: Readonly<Record<string, string>>, error: string, number: number): Promise<void> {
  const { status, body } = await askToken(entra.url, parameters)
  assert.deepEqual([body.error, body.error_codes], [error, [number]], JSON.stringify(body))
  assert.equal(status, error === 'invalid_client' ? 401 : 400)
  assert.equal(JSON.stringify(body).includes('access_token'), false)
}

test('a code with its verifier gives an access, a refresh and an ID token of one person', async () => {
  const pkce = newPkce()
  const { status, body } = await askToken(entra.url, redemption(await codeFor(entra.url, 'alice', pkce), pkce))
  assert.equal(status, 200)
  assert.equal(body.token_type, 'Bearer')
  assert.equal(body.expires_in, 3600)
  assert.equal(claimsOf(body.access_token).upn, 'alice@contoso.example')
  assert.equal(claimsOf(body.access_token).appidacr, '0')
  assert.equal(claimsOf(body.id_token).aud, azureCliClientId)
  assert.equal(claimsOf(body.id_token).ver, '2.0')
  assert.equal(typeof body.refresh_token, 'string')
})

// A code that leaked through a log or a referrer must be worthless to a second user.
test('a code works once: the second use, and every use after a wrong try, is refused', async () => {
  const pkce = newPkce()
  const code = await codeFor(entra.url, 'alice', pkce)
  assert.equal((await askToken(entra.url, redemption(code, pkce))).status, 200)
  await refused(redemption(code, pkce), 'invalid_grant', 54005)

  const other = await codeFor(entra.url, 'alice', pkce)
  await refused({ ...redemption(other, pkce), code_verifier: newPkce().verifier }, 'invalid_grant', 501481)
  await refused(redemption(other, pkce), 'invalid_grant', 54005)
})

// Each of these is a way to redeem another person's code.
test('a code is refused without its verifier, for another address, for another client, and when it is invented', async () => {
  const pkce = newPkce()
  const fresh = async () => redemption(await codeFor(entra.url, 'alice', pkce), pkce)
  await refused({ ...(await fresh()), code_verifier: '' }, 'invalid_grant', 501481)
  await refused({ ...(await fresh()), code_verifier: pkce.challenge }, 'invalid_grant', 501481)
  await refused({ ...(await fresh()), code_verifier: 'short' }, 'invalid_grant', 501481)
  await refused({ ...(await fresh()), redirect_uri: 'http://localhost:4712' }, 'invalid_grant', 500112)
  await refused({ ...(await fresh()), redirect_uri: '' }, 'invalid_grant', 500112)
  await refused({ ...(await fresh()), ...asFinder }, 'invalid_grant', 9002313)
  await refused({ ...(await fresh()), code: '1.invented' }, 'invalid_grant', 9002313)
})

test('codes expire after ten minutes, refresh tokens after ninety days', async t => {
  const clock = new HandClock()
  const own = await entraOf(t, { clock: clock.now })
  const pkce = newPkce()
  const code = await codeFor(own.url, 'alice', pkce)
  const good = await askToken(own.url, redemption(await codeFor(own.url, 'alice', pkce), pkce))
  clock.advance(10 * 60_000)
  const late = await askToken(own.url, redemption(code, pkce))
  assert.deepEqual(late.body.error_codes, [70008])
  const refresh = { grant_type: 'refresh_token', refresh_token: String(good.body.refresh_token) }
  assert.equal((await askToken(own.url, refresh)).status, 200)
  clock.advance(90 * 24 * 3_600_000)
  assert.deepEqual((await askToken(own.url, refresh)).body.error_codes, [700082])
})

test('client credentials give a token of the application, in the version of its resource', async () => {
  const grant = { grant_type: 'client_credentials', ...asFinder }
  const v1 = await askToken(entra.url, { ...grant, scope: 'https://ai.azure.com/.default' })
  const claims = claimsOf(v1.body.access_token)
  assert.deepEqual(
    [claims.ver, claims.aud, claims.appid, claims.appidacr, claims.idtyp, claims.oid],
    ['1.0', 'https://ai.azure.com', finder?.appId, '1', 'app', finder?.objectId],
  )
  assert.equal('scp' in claims || 'refresh_token' in v1.body || 'id_token' in v1.body, false)
  const v2 = await askToken(entra.url, { ...grant, scope: `${otherApi.uris[0]}/.default` })
  const own = claimsOf(v2.body.access_token)
  assert.deepEqual([own.ver, own.aud, own.azp, own.azpacr], ['2.0', otherApi.appId, finder?.appId, '1'])
})

test('the v1 endpoint takes a resource, and answers with numbers as strings', async () => {
  const resource = 'https://cognitiveservices.azure.com/'
  const path = `/${tenant}/oauth2/token`
  const { body } = await askToken(entra.url, { grant_type: 'client_credentials', ...asFinder, resource }, path)
  assert.equal(body.expires_in, '3600')
  assert.equal(body.resource, resource)
  assert.equal(claimsOf(body.access_token).aud, resource)
  const missing = await askToken(entra.url, { grant_type: 'client_credentials', ...asFinder }, path)
  assert.deepEqual(missing.body.error_codes, [900144])
})

// A secret in the wrong place is a leak; a client without one that passes for one with is worse.
test('clients are refused without their secret, with a wrong one, and with one although they are public', async () => {
  const grant = { grant_type: 'client_credentials', scope: 'https://ai.azure.com/.default' }
  await refused({ ...grant, client_id: asFinder.client_id }, 'invalid_client', 7000218)
  await refused({ ...grant, ...asFinder, client_secret: 'guess' }, 'invalid_client', 7000215)
  await refused({ ...grant }, 'invalid_client', 7000218)
  await refused({ ...asAlice, scope, client_secret: 'guess' }, 'invalid_client', 700025)
  await refused({ ...grant, client_id: '11111111-2222-4333-8444-555555555555' }, 'unauthorized_client', 700016)
  await refused({ ...grant, client_id: '6a7e0000-2c5f-4d0b-8c3e-5b9a7d1f3e21' }, 'unauthorized_client', 700016)
  await refused({ ...grant, ...asFinder, client_assertion: 'x' }, 'invalid_client', 700027)
})

test('a secret may come as Basic authorization', async () => {
  const basic = Buffer.from(`${asFinder.client_id}:${asFinder.client_secret}`).toString('base64')
  const response = await fetch(`${entra.url}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'https://ai.azure.com/.default' }),
  })
  assert.equal(response.status, 200)
})

test('scopes that name no known resource, two resources, or nothing are refused', async () => {
  await refused({ ...asAlice, scope: 'https://unknown.example/.default' }, 'invalid_resource', 500011)
  await refused(
    { ...asAlice, scope: 'https://ai.azure.com/.default https://graph.microsoft.com/.default' },
    'invalid_scope',
    70011,
  )
  await refused({ ...asAlice, scope: 'https://ai.azure.com/' }, 'invalid_scope', 70011)
  await refused({ ...asAlice }, 'invalid_request', 900144)
  const grant = { grant_type: 'client_credentials', ...asFinder }
  await refused({ ...grant, scope: 'https://ai.azure.com/Some.Permission' }, 'invalid_scope', 1002012)
  await refused({ ...grant, scope: 'openid' }, 'invalid_scope', 1002012)
})

test('without a resource the token is for Microsoft Graph, without roles and groups', async () => {
  const claims = claimsOf((await askToken(entra.url, { ...asAlice, scope: 'openid User.Read' })).body.access_token)
  assert.equal(claims.aud, 'https://graph.microsoft.com')
  assert.equal('roles' in claims || 'groups' in claims, false)
})

test('a password works with the short or the full name; a wrong one and an unknown person are refused', async () => {
  assert.equal((await askToken(entra.url, { ...asAlice, scope, username: 'Alice' })).status, 200)
  await refused({ ...asAlice, scope, password: 'guess' }, 'invalid_grant', 50126)
  await refused({ ...asAlice, scope, username: 'mallory' }, 'invalid_grant', 50034)
  await refused({ grant_type: 'password', scope, username: 'alice' }, 'invalid_request', 900144)
})

test('a refresh token serves its own client for any resource, and no other client', async () => {
  const first = await askToken(entra.url, { ...asAlice, scope })
  const grant = { grant_type: 'refresh_token', refresh_token: String(first.body.refresh_token) }
  const again = await askToken(entra.url, grant)
  assert.equal(claimsOf(again.body.access_token).aud, 'https://cognitiveservices.azure.com')
  assert.notEqual(again.body.refresh_token, first.body.refresh_token)
  const other = await askToken(entra.url, { ...grant, scope: `${otherApi.appId}/.default` })
  assert.equal(claimsOf(other.body.access_token).ver, '2.0')
  await refused({ ...grant, ...asFinder }, 'invalid_grant', 9002313)
  const without = await askToken(entra.url, { ...asAlice, scope: 'https://ai.azure.com/.default' })
  assert.equal('refresh_token' in without.body, false)
})

// Refresh tokens are sealed, not stored: changing one would mean to become another person.
test('a refresh token that was changed in any byte, cut or invented is refused', async () => {
  const token = String((await askToken(entra.url, { ...asAlice, scope })).body.refresh_token)
  const bytes = Buffer.from(token.slice(2), 'base64url')
  const bent = fc.nat(bytes.length - 1).map(at => {
    const copy = Buffer.from(bytes)
    copy[at] = (copy[at] ?? 0) ^ 1
    return `1.${copy.toString('base64url')}`
  })
  const cut = fc.nat(bytes.length - 1).map(length => `1.${bytes.subarray(0, length).toString('base64url')}`)
  await fc.assert(
    fc.asyncProperty(fc.oneof(bent, cut, fc.string({ minLength: 1 })), async refresh_token => {
      const { body } = await askToken(entra.url, { grant_type: 'refresh_token', refresh_token })
      assert.deepEqual(body.error_codes, [9002313])
    }),
    { numRuns: 60 },
  )
})

// `constructor` and the like are names too: a look-up in a plain object would find them.
test('grants that do not exist are refused by name', async () => {
  await refused({ grant_type: 'implicit' }, 'unsupported_grant_type', 70003)
  await refused({ grant_type: 'constructor' }, 'unsupported_grant_type', 70003)
  await refused({ grant_type: '__proto__' }, 'unsupported_grant_type', 70003)
})
