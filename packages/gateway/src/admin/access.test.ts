import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import { startBackend } from '../../../../test/support/backend.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { configSchema } from '../config/schema/index.ts'
import { configInput, errorIn, idOf, instanceKey, sendTo, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { roleByRoute } from './roles.ts'
import { failedProbe, goodProbe, runningHouse } from './running.fixture.ts'

/** Parameters without which a route refuses its question. */
const required: Readonly<Record<string, string>> = {
  '/tail': '?after=0&waitSeconds=0',
  '/rewind': '?to=2026-11-23T00:00:00Z',
  '/series': '?from=2026-11-20',
  '/live': '?forSeconds=0',
  '/search': '?text=leave&workload=hr-bot&day=2026-11-20',
  '/log/level': '?level=info',
  '/chat/completions': '?workload=hr-bot&target=main',
  '/playground/responses': '?workload=hr-bot&target=main',
}

/** Routes that refuse a request without a body. */
const bodies: Readonly<Record<string, object>> = {
  'POST /api/v1/config/check': { text: '' },
  'POST /api/v1/config/apply': { text: '', expectedHash: '0'.repeat(32) },
  'POST /api/v1/playground/chat/completions': {},
  'POST /api/v1/playground/responses': {},
  'POST /api/v1/query': { sql: 'SELECT 1' },
  'POST /api/v1/limits/overrides': { rule: 'hr-bot', to: '2x', until: '1h', reason: 'Open day' },
  'POST /api/v1/limits/overrides/end': { rule: 'hr-bot' },
  'POST /api/v1/explain/replay': { configuration: 'instances: {}' },
  'POST /api/v1/explain': { caller: null, url: '/main/hr-bot/openai/v1/models', method: 'GET' },
}

/** What a caller with the role gets, where it is not 200: the ledger of these tests has nothing of the kind. */
const absent: Readonly<Record<string, number>> = { 'GET /api/v1/records/erasures/:id': 404 }

const routes = Object.entries(roleByRoute).map(([route, roles]: [string, string | readonly string[]]) => {
  const [method = '', pattern = ''] = route.split(' ')
  const [, query = ''] = Object.entries(required).find(([end]) => pattern.endsWith(end)) ?? []
  const id = recordId(pattern.includes('/me/') ? 2 : 1)
  const filled = pattern.replace(':id', id).replace('workloads/:name', 'workloads/hr-bot').replace(':name', 'east')
  const path = filled.replace(':version', '1') + query
  const json = ['content-type', 'application/json']
  const sent = route in bodies ? { method, body: JSON.stringify(bodies[route]), headers: json } : { method }
  return { method, roles: [roles].flat(), path, sent, found: absent[route] ?? 200 }
})

// A client without a token must learn nothing, and a new route that is missing in the role table must not answer.
test('every route requires a token, and then one of its roles', async t => {
  const eve = {
    ...(demoDirectory.people[3] ?? assert.fail()),
    name: 'eve',
    objectId: idOf('dave').replace('da7e', 'e5e5'),
  }
  const mel = { ...eve, name: 'mel', objectId: idOf('dave').replace('da7e', '3e10') }
  const directory = { ...demoDirectory, people: [...demoDirectory.people, eve, mel] }
  const { admin, workloads } = configInput
  const config = configSchema.parse({
    ...configInput,
    admin: { roles: { ...admin.roles, developer: [{ user: eve.objectId }], admin: [{ user: mel.objectId }] } },
    workloads: {
      ...workloads,
      'hr-bot': { ...workloads['hr-bot'], callers: [{ user: idOf('carol') }, { user: eve.objectId }] },
    },
  })
  const running = { ...runningHouse(config), ownUrl: (await startBackend(t)).url }
  const house = await startHouse(t, { access: () => config.admin, house: running }, directory)
  const own = { callerKind: 'user', callerTenantId: demoDirectory.tenantId, callerObjectId: eve.objectId } as const
  await house.ledger.add(recordRow(recordId(1), own))
  await house.ledger.add(recordRow(recordId(2), { ...own, callerObjectId: idOf('dave') }))
  const held = {
    eve: ['developer'],
    bob: ['viewer'],
    carol: ['viewer', 'auditor'],
    alice: ['viewer', 'operator'],
    mel: ['viewer', 'operator', 'admin'],
  } as const
  for (const { method, path, roles, sent, found } of routes) {
    const stranger = await house.send(path, sent)
    assert.equal(stranger.status, 401, path)
    assert.equal(errorIn(stranger).code, 'token_missing')
    assert.equal(stranger.headers['www-authenticate'], 'Bearer')

    const withoutRole = await house.send(path, { ...sent, as: 'dave' })
    if (roles.includes('caller')) {
      assert.equal(withoutRole.status, 200, path)
      continue
    }
    assert.equal(withoutRole.status, 403, path)
    const needed = `needs the role ${roles.join(' or ')}, which dave@contoso\\.example .*admin\\.roles\\.${roles[0]}`
    assert.match(errorIn(withoutRole).message, new RegExp(needed))

    for (const [as, its] of Object.entries(held)) {
      const { status } = await house.send(path, { ...sent, as })
      assert.equal(status, its.some(one => roles.includes(one)) ? found : 403, `${as}: ${method} ${path}`)
    }
  }
})

// The console and generated clients are made from the document: a route that it leaves out, or that has no role, is a
// hole.
test('the document lists exactly the routes of the role table', async t => {
  const house = await startHouse(t)
  const { paths } = (await house.send('/openapi.json', { as: 'bob' })).json as { paths: Record<string, object> }
  const documented = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations as Record<string, { 'x-gatehouse-roles': string[] }>).map(([method, operation]) => [
      `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
      operation['x-gatehouse-roles'],
    ]),
  )
  const { 'GET /openapi.json': _, ...inTable } = roleByRoute
  const expected = Object.entries(inTable).map(([route, roles]) => [route, [roles].flat()])
  assert.deepEqual(Object.fromEntries(documented), Object.fromEntries(expected))
})

// Proxies and people normalise addresses differently; no spelling of an address may avoid its role.
test('no spelling of an address avoids its role', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('secret question'), response: null })
  const bodies = `/api/v1/records/${recordId(1)}/bodies`
  const spellings = [
    bodies,
    `${bodies}/`,
    `${bodies}?x=/healthz`,
    `${bodies}#/healthz`,
    `/${bodies}`,
    bodies.replace('bodies', 'BODIES'),
    bodies.replace('bodies', '%62odies'),
    bodies.replace('/bodies', '%2fbodies'),
    bodies.replace('/api', '/healthz/../api'),
    bodies.replace('/api', '/healthz/%2e%2e/api'),
    bodies.replace('/api', '/./api'),
    bodies.replace('/v1', '\\v1'),
    `/healthz/..${bodies}`,
    `/healthz%00${bodies}`,
    `/healthz;${bodies}`,
  ]
  for (const path of spellings) {
    const stranger = await house.send(path)
    assert.ok([400, 401].includes(stranger.status), `${path}: ${stranger.status}`)
    const viewer = await house.send(path, { as: 'bob' })
    assert.ok([400, 403, 404].includes(viewer.status), `${path}: ${viewer.status}`)
    assert.doesNotMatch(viewer.text, /secret|c2VjcmV0/)
  }
})

// A supervisor has no token; what it can read must be of no use to anyone else.
test('only healthz answers without a token, and it says nothing more than that', async t => {
  const house = await startHouse(t)
  const answer = await house.send('/healthz')
  assert.deepEqual([answer.status, answer.json], [200, { status: 'ok' }])
  for (const path of ['/', '/healthz/', '/HEALTHZ', '/healthz/x', '/metrics', '/api', '/favicon.ico']) {
    assert.equal((await house.send(path)).status, 401, path)
  }
})

// A scraper without a token is only admitted when the operator allows it, and only to the metrics.
test('metrics require a token, unless admin.metricsWithoutToken is set', async t => {
  const closed = await startHouse(t)
  assert.equal((await closed.send('/metrics')).status, 401)
  const { admin } = configSchema.parse(configInput)
  const open = await startHouse(t, { access: () => ({ ...admin, metricsWithoutToken: true }) })
  const answer = await open.send('/metrics')
  assert.deepEqual([answer.status, answer.text], [200, 'gatehouse_info 1\n'])
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal((await open.send('/metrics', { headers: ['host', 'evil.example'] })).status, 421)
  assert.equal((await open.send('/metrics', { method: 'POST' })).status, 405)
  for (const path of ['/metrics/', '/METRICS', '/api/v1/limits']) {
    assert.equal((await open.send(path)).status, 401, path)
  }
})

// A probe makes the gateway send a call with its own credential: the caller must be on record, and no caller may flood
// an instance with it.
test('a probe requires the operator role, is logged, and runs once however many callers request it', async t => {
  const house = await startHouse(t)
  const path = '/api/v1/instances/west/probe'
  assert.equal((await house.send(path, { method: 'POST', as: 'carol' })).status, 403)
  const asked = Promise.withResolvers<typeof failedProbe>()
  house.running.probe = name => {
    house.running.probed.push(name)
    return asked.promise
  }
  const answers = Promise.all(Array.from({ length: 5 }, () => house.send(path, { method: 'POST', as: 'alice' })))
  await eventually('five wait', () => (house.running.probed.length > 0 ? true : null))
  asked.resolve(failedProbe)
  for (const { json } of await answers) assert.deepEqual(json, failedProbe)
  assert.ok(house.running.probed.length < 5)
  const line = house.logged.find(({ event }) => event === 'instance_probed')
  assert.deepEqual([line?.fields.audit, line?.fields.instance, line?.fields.ok], [true, 'west', false])
  assert.match(String(line?.fields.caller), /^user:[\w-]+\/a11ce000-/)

  const unknown = await house.send('/api/v1/instances/wst/probe', { method: 'POST', as: 'alice' })
  assert.deepEqual([unknown.status, errorIn(unknown).code], [404, 'instance_unknown'])
  assert.match(errorIn(unknown).message, /There are: east, west\./)
  const read = await house.send(path, { as: 'alice' })
  assert.deepEqual([read.status, read.headers['allow']], [405, 'POST'])
})

test('limits are reported rule by rule, for one workload if requested', async t => {
  const house = await startHouse(t)
  const rulesFor = async (query: string): Promise<string[]> => {
    const { json } = await house.send(`/api/v1/limits${query}`, { as: 'bob' })
    return (json as { rules: { rule: string }[] }).rules.map(({ rule }) => rule)
  }
  const company = 'limits.rules.company'
  assert.deepEqual(await rulesFor(''), ['hr-bot', 'hr-bot', 'hr-bot/caller', 'code-assistant', company])
  assert.deepEqual(await rulesFor('?workload=code-assistant'), ['code-assistant', company])
  const misspelt = await house.send('/api/v1/limits?workload=hrbot', { as: 'bob' })
  assert.deepEqual([misspelt.status, errorIn(misspelt).param], [400, 'workload'])
})

// A web page whose name resolves to 127.0.0.1 must not read the ledger through a browser.
test('on loopback only hosts that name loopback are answered', async t => {
  const house = await startHouse(t)
  const { port } = new URL(house.admin.url)
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '0.0.0.0',
    '',
  ]) {
    const answer = await house.send('/healthz', { headers: ['host', host] })
    assert.equal(answer.status, 421, host)
    assert.equal(errorIn(answer).code, 'host_not_allowed')
  }
  for (const host of [`localhost:${port}`, 'LOCALHOST', '127.0.0.1:1', '127.8.9.1', `[::1]:${port}`]) {
    assert.equal((await house.send('/healthz', { headers: ['host', host] })).status, 200, host)
  }
})

// An outage of the sign-in service must not look like a refused account.
test('an unreachable key set is a 503 with Retry-After, not a 401', async t => {
  const house = await startHouse(t)
  const token = await house.token('carol')
  house.entra.down = true
  const answer = await sendTo(house.admin.url, '/api/v1/whoami', { headers: ['authorization', `Bearer ${token}`] })
  assert.deepEqual([answer.status, errorIn(answer).code, answer.headers['retry-after']], [503, 'keys_unavailable', '5'])
})

// It is unknown which of two credentials was meant: accepting either would let one be smuggled past a check of the
// other.
test('ambiguous tokens are refused with their own code', async t => {
  const house = await startHouse(t)
  const token = await house.token('carol')
  const foreignSignature = (await house.token('bob')).split('.')[2]
  const forged = [...token.split('.').slice(0, 2), foreignSignature].join('.')
  const refusals: readonly (readonly [readonly string[], string])[] = [
    [['authorization', `Bearer ${token}`, 'authorization', `Bearer ${token}`], 'token_ambiguous'],
    [['authorization', `Bearer ${token}`, 'api-key', await house.token('bob')], 'token_ambiguous'],
    [['authorization', `Bearer ${forged}`], 'token_signature'],
    [
      ['authorization', `Bearer ${await house.entra.token({ as: 'carol', audience: 'https://graph.microsoft.com' })}`],
      'token_audience',
    ],
    [['api-key', 'not-a-token'], 'token_malformed'],
  ]
  for (const [headers, code] of refusals) {
    const answer = await sendTo(house.admin.url, '/api/v1/whoami', { headers })
    assert.deepEqual([answer.status, errorIn(answer).code], [401, code])
    assert.match(String(answer.headers['www-authenticate']), /^Bearer error="invalid_token"$/)
  }
})

// An answer about instances must not contain what only the gateway itself may use.
test('the list of instances shows names, regions, deployments and health, and no secret', async t => {
  const house = await startHouse(t)
  const answer = await house.send('/api/v1/instances', { as: 'bob' })
  const { replicas } = await house.running.replicas()
  const [east, west] = replicas[0]?.figures?.instances ?? []
  const own = {
    id: 'own',
    name: 'east-1',
    isSelf: true,
    status: 'alive',
    quietMs: 0,
    version: '0.0.0',
    callsInFlight: 3,
  }
  assert.deepEqual(answer.json, {
    sharing: 'alone',
    replicas: [
      {
        ...own,
        startedAtMs: replicas[0]?.figures?.startedAtMs,
        instances: [
          { name: 'east', drained: false, healthy: true, credentialRefused: false, inFlight: 3, left: [] },
          { name: 'west', drained: false, healthy: false, credentialRefused: true, inFlight: 0, left: ['gpt-4o'] },
        ],
      },
    ],
    instances: [
      {
        name: 'east',
        endpoint: 'https://east.openai.azure.com',
        region: 'eastus2',
        credential: 'key',
        healthy: true,
        drained: null,
        credentialRefused: false,
        inFlight: 3,
        lastProbe: goodProbe,
        deployments: [{ name: 'gpt-4o', model: 'gpt-4o', kind: 'provisioned', state: east?.lanes[0] }],
      },
      {
        name: 'west',
        endpoint: 'https://west.openai.azure.com',
        region: null,
        credential: 'managed-identity',
        healthy: false,
        drained: null,
        credentialRefused: true,
        inFlight: 0,
        lastProbe: failedProbe,
        deployments: [{ name: 'gpt-4o', model: 'gpt-4o', kind: 'standard', state: west?.lanes[0] }],
      },
    ],
    pools: [
      {
        name: 'main',
        strategy: 'weighted',
        members: [
          { instance: 'east', priority: 1, weight: 1, spillAtUtilization: 0.9, share: 0.75 },
          { instance: 'west', priority: 2, weight: 1, spillAtUtilization: null, share: 0.25 },
        ],
      },
    ],
  })
  assert.ok(!answer.text.includes(instanceKey))
})

test('whoami returns the caller, the roles that it has here, and the workloads that it may use', async t => {
  const house = await startHouse(t)
  const carol = demoDirectory.people.find(person => person.name === 'carol')
  const { json } = await house.send('/api/v1/whoami', { as: 'carol' })
  assert.deepEqual(json, {
    caller: {
      kind: 'user',
      tenantId: demoDirectory.tenantId,
      objectId: carol?.objectId,
      appId: (json as { caller: { appId: string } }).caller.appId,
      displayName: (json as { caller: { displayName: string } }).caller.displayName,
    },
    roles: ['viewer', 'auditor'],
    workloads: ['hr-bot'],
    session: null,
  })
})

// Otherwise, after a reload, people would read about workloads and instances that no longer exist.
test('answers about the house follow a reload', async t => {
  const before = configSchema.parse(configInput)
  const reloaded = configSchema.parse({
    ...configInput,
    instances: { north: configInput.instances.west },
    workloads: {},
  })
  let config = before
  const house = await startHouse(t, {
    house: Object.defineProperties(runningHouse(before), {
      instances: { get: () => config.instances },
      pools: { get: () => config.pools },
      workloads: { get: () => config.workloads },
    }),
  })
  const shown = async () => {
    const whoami = (await house.send('/api/v1/whoami', { as: 'carol' })).json as { workloads: string[] }
    const facts = (await house.send('/api/v1/instances', { as: 'carol' })).json as { instances: { name: string }[] }
    return { workloads: whoami.workloads, instances: facts.instances.map(({ name }) => name) }
  }
  assert.deepEqual(await shown(), { workloads: ['hr-bot'], instances: ['east', 'west'] })
  config = reloaded
  assert.deepEqual(await shown(), { workloads: [], instances: ['north'] })
})

// Attempts to read without the role must be visible; the log itself must be worth nothing to a thief.
test('a missing role is logged with the caller and the route, and no log line contains a token', async t => {
  const house = await startHouse(t)
  await house.send(`/api/v1/records/${recordId(1)}/bodies`, { as: 'bob' })
  const [line] = house.logged
  assert.equal(line?.level, 'warn')
  assert.deepEqual([line?.event, line?.fields.audit], ['admin_refused', true])
  assert.equal(line?.fields.route, '/api/v1/records/:id/bodies')
  assert.match(String(line?.fields.caller), /^user:[\w-]+\/b0b00000-/)
  assert.doesNotMatch(JSON.stringify(house.logged), /eyJ/)
})
