import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { demoDirectory } from '../directory.ts'
import type { Directory, EntraSimulator } from '../types.ts'
import { startEntra } from './index.ts'

const graph = 'https://graph.microsoft.com'
const alice = idOf(demoDirectory.people, 'alice')
const job = idOf(demoDirectory.applications, 'nightly-summaries')

function idOf(rows: readonly { readonly name: string; readonly objectId: string }[], name: string): string {
  return rows.find(row => row.name === name)?.objectId ?? ''
}

/** Applications with each of the permission sets that Graph documents, and with one permission less. */
const permitted: Readonly<Record<string, readonly string[]>> = {
  users: ['User.Read.All', 'GroupMember.Read.All'],
  basic: ['User.ReadBasic.All', 'GroupMember.Read.All'],
  apps: ['Application.Read.All'],
  all: ['Directory.Read.All'],
  half: ['User.Read.All'],
}
const directory: Directory = {
  ...demoDirectory,
  applications: [
    ...demoDirectory.applications,
    ...Object.entries(permitted).map(([name, graphPermissions], at) => ({
      name,
      appId: `00000000-0000-4000-8000-00000000000${at}`,
      objectId: `00000000-0000-4000-9000-00000000000${at}`,
      secret: `secret-of-${name}`,
      groups: [],
      roles: [],
      graphPermissions,
      managedIdentityId: null,
      about: '',
    })),
  ],
}

let entra: EntraSimulator
before(async () => {
  entra = await startEntra({ directory })
})
after(() => entra.close())

interface GraphAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: { readonly value?: string[]; readonly error?: { readonly code: string; readonly message: string } }
}

async function ask(token: string | null, path: string, body = '{"securityEnabledOnly":false}'): Promise<GraphAnswer> {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(`${entra.url}/v1.0${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body,
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as GraphAnswer['body'] }
}

const tokenOf = (as: string, audience = graph): Promise<string> => entra.token({ as, audience })

test('N-K1 the gateway’s managed identity reads the groups of a person and of an application from Graph', async () => {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = entra.managedIdentity
  const msi = await fetch(`${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=${encodeURIComponent(graph)}`, {
    headers: { 'x-identity-header': IDENTITY_HEADER },
  })
  const { access_token: token } = (await msi.json()) as { access_token: string }
  // The address of the simulated Graph is a name of Graph too, as that of a sovereign cloud.
  const local = await ask(await tokenOf('gatehouse-gateway', entra.url), `/users/${alice}/getMemberObjects`)
  assert.equal(local.status, 200)
  const person = await ask(token, `/users/${alice}/getMemberObjects`)
  assert.deepEqual(
    [person.status, person.body],
    [
      200,
      {
        '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#Collection(Edm.String)',
        value: ['64000000-6b1d-4c1e-9a53-0f5d1c7e2b01'],
      },
    ],
  )
  const byName = await ask(token, '/users/ALICE@contoso.example/getMemberObjects')
  assert.deepEqual(byName.body.value, person.body.value)
  const application = await ask(token, `/servicePrincipals/${job}/getMemberObjects`)
  assert.deepEqual(application.body.value, ['64000000-6b1d-4c1e-9a53-0f5d1c7e2b02'])
  const dave = await ask(token, `/users/${idOf(demoDirectory.people, 'dave')}/getMemberObjects`)
  assert.deepEqual([dave.status, dave.body.value], [200, []])
})

// The permissions decide whether a company's look-ups work; a simulator that accepts everything would hide mistakes in
// them.
test('N-K1 Graph requires the permissions for what is read: users, applications, or the directory', async () => {
  const statuses = async (as: string): Promise<number[]> => {
    const token = await tokenOf(as)
    const paths = [`/users/${alice}/getMemberObjects`, `/servicePrincipals/${job}/getMemberObjects`]
    return Promise.all(paths.map(async path => (await ask(token, path)).status))
  }
  assert.deepEqual(await statuses('users'), [200, 403])
  assert.deepEqual(await statuses('basic'), [200, 403])
  assert.deepEqual(await statuses('apps'), [403, 200])
  assert.deepEqual(await statuses('all'), [200, 200])
  assert.deepEqual(await statuses('half'), [403, 403])
  // A person's token has delegated permissions, which are not an application's.
  assert.deepEqual(await statuses('carol'), [403, 403])
  const refused = await ask(await tokenOf('half'), `/users/${alice}/getMemberObjects`)
  assert.equal(refused.body.error?.code, 'Authorization_RequestDenied')
})

test('N-K1 Graph refuses tokens that are not for it, objects that it does not know, and malformed requests', async () => {
  const path = `/users/${alice}/getMemberObjects`
  const azure = await tokenOf('all', 'https://cognitiveservices.azure.com')
  const expired = await entra.token({ as: 'all', audience: graph, lifetimeSeconds: -60 })
  const good = await tokenOf('all')
  for (const [token, said] of [
    [null, /empty/],
    [azure, /Invalid audience/],
    [expired, /expired/],
    ['not-a-token', /validation failed/],
    [`${good.slice(0, -8)}AAAAAAAA`, /validation failed/],
  ] as const) {
    const { status, body } = await ask(token, path)
    assert.deepEqual([status, body.error?.code], [401, 'InvalidAuthenticationToken'])
    assert.match(body.error?.message ?? '', said)
  }
  const unknown = await ask(good, `/users/${job}/getMemberObjects`)
  assert.deepEqual([unknown.status, unknown.body.error?.code], [404, 'Request_ResourceNotFound'])
  for (const body of ['', '{}', '[]', '{', '{"securityEnabledOnly":"no"}']) {
    assert.equal((await ask(good, path, body)).status, 400, body)
  }
  assert.equal((await ask(good, '/groups')).status, 400)
  assert.equal((await fetch(`${entra.url}/v1.0${path}`)).status, 405)
})

test('N-K1 Graph can throttle or fail, with and without a time to retry, and counts its requests', async () => {
  const good = await tokenOf('all')
  const path = `/users/${alice}/getMemberObjects`
  const before = entra.graphReads
  entra.graphFault = { status: 429, retryAfterSeconds: 7 }
  const throttled = await ask(good, path)
  assert.deepEqual([throttled.status, throttled.headers.get('retry-after')], [429, '7'])
  await fetch(`${entra.url}/_simulator/graph`, { method: 'POST', body: '{"status":503}' })
  const away = await ask(good, path)
  assert.deepEqual([away.status, away.headers.get('retry-after')], [503, null])
  await fetch(`${entra.url}/_simulator/graph`, { method: 'POST', body: '{"status":null}' })
  assert.equal(entra.graphFault, null)
  // An outage of the sign-in service does not affect Graph.
  entra.down = true
  assert.equal((await ask(good, path)).status, 200)
  entra.down = false
  assert.equal(entra.graphReads - before, 3)
})
