import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ManagedIdentityCredential } from '@azure/identity'
import { demoDirectory } from '../directory.ts'
import type { EntraSimulator } from '../types.ts'
import { startEntra } from './index.ts'
import { claimsOf } from './person.fixture.ts'

const job = demoDirectory.applications.find(row => row.name === 'nightly-summaries')
const resource = 'https://cognitiveservices.azure.com'
let entra: EntraSimulator
before(async () => {
  entra = await startEntra({ directory: demoDirectory })
})
after(() => entra.close())

// The gateway signs in to its instances through this library, which finds the endpoint only in the environment.
test('the Azure library gets tokens of the gateway’s own identity and of a chosen one', async () => {
  Object.assign(process.env, entra.managedIdentity)
  try {
    const own = await new ManagedIdentityCredential().getToken(`${resource}/.default`)
    const claims = claimsOf(own.token)
    assert.equal(claims.app_displayname, 'gatehouse-gateway')
    assert.equal(claims.appidacr, '2')
    assert.match(String(claims.xms_mirid), /userassignedidentities\/gatehouse-gateway$/)
    assert.ok(own.expiresOnTimestamp > Date.now())
    const chosen = await new ManagedIdentityCredential({ clientId: job?.appId ?? '' }).getToken(`${resource}/.default`)
    assert.equal(claimsOf(chosen.token).appid, job?.appId)
  } finally {
    for (const name of Object.keys(entra.managedIdentity)) delete process.env[name]
  }
})

async function ask(
  query: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  path = '/msi/token',
) {
  const response = await fetch(`${entra.url}${path}?${new URLSearchParams(query)}`, { headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

// The header prevents that a request which another program was tricked into (SSRF) fetches the workload's token.
test('the endpoint requires its header, a version, a known resource and a known identity', async () => {
  const header = { 'x-identity-header': entra.managedIdentity.IDENTITY_HEADER }
  const query = { resource, 'api-version': '2019-08-01' }
  assert.equal((await ask(query, header)).status, 200)
  assert.equal((await ask(query, {})).status, 401)
  assert.equal((await ask(query, { 'x-identity-header': 'guess' })).status, 401)
  assert.equal((await ask({ resource }, header)).status, 400)
  assert.equal((await ask({ ...query, 'api-version': '2017-09-01' }, header)).status, 400)
  assert.equal((await ask({ 'api-version': '2019-08-01' }, header)).status, 400)
  assert.equal((await ask({ ...query, resource: 'https://unknown.example' }, header)).status, 400)
  const stranger = await ask({ ...query, client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46' }, header)
  assert.deepEqual([stranger.status, stranger.body.statusCode], [400, 400])
})

test('the instance metadata form requires its header, and chooses by ARM id too', async () => {
  const path = '/metadata/identity/oauth2/token'
  const query = { resource, 'api-version': '2018-02-01', msi_res_id: job?.managedIdentityId ?? '' }
  const { body } = await ask(query, { metadata: 'true' }, path)
  assert.equal(claimsOf(body.access_token).appid, job?.appId)
  assert.equal(body.expires_in, '3600')
  assert.equal((await ask(query, {}, path)).status, 400)
  assert.equal((await ask(query, { metadata: 'true', 'x-forwarded-for': '10.0.0.1' }, path)).status, 400)
})
