import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { reservedNames } from './index.ts'
import { base, brief, changed, changedBy, check } from './rules.fixture.ts'

test('the configuration that these tests start from has neither errors nor warnings', async () => {
  assert.deepEqual(await check(base), { errors: [], warnings: [] })
})

suite('errors across fields', () => {
  // Otherwise each of these would be a 404 or a 500 for a caller, long after the mistake was made.
  const cases: readonly [rule: string, path: string, value: unknown, problem: string, nearest?: string][] = [
    ['members exist', 'pools/main/members/1/instance', 'tow', 'unknown_name pools.main.members[1].instance', 'two'],
    ['a member is listed once', 'pools/main/members/1/instance', 'one', 'duplicate pools.main.members[1].instance'],
    ['pools and instances share a namespace', 'pools/one', { members: [{ instance: 'two' }] }, 'conflict pools.one'],
    ['targets exist', 'workloads/bot/targets', ['mian'], 'unknown_name workloads.bot.targets[0]', 'main'],
    [
      'names that every object inherits are no targets',
      'workloads/bot/targets',
      ['constructor'],
      'unknown_name workloads.bot.targets[0]',
    ],
    [
      'deployments exist in a target',
      'workloads/bot/deployments',
      ['gpt-4'],
      'unknown_name workloads.bot.deployments[0]',
      'gpt-4o',
    ],
    [
      'a pool has one model per deployment',
      'instances/two/deployments/small',
      { model: 'gpt-4' },
      'conflict pools.main.members[1].instance',
    ],
    ['W1: tools are known', 'workloads/bot/tools', ['websearch'], 'unknown_name workloads.bot.tools[0]', 'web_search'],
    [
      'W1: a tier is listed once',
      'workloads/bot/serviceTiers',
      ['flex', 'flex'],
      'duplicate workloads.bot.serviceTiers[1]',
    ],
    [
      'H3: credentials are not forwarded',
      'gateway/forwardHeaders',
      ['x-team', 'Authorization'],
      'conflict gateway.forwardHeaders[1]',
    ],
    [
      'H3: a header cannot name a deployment outside the list',
      'gateway/forwardHeaders',
      ['x-ms-spillover-deployment'],
      'conflict gateway.forwardHeaders[0]',
    ],
    [
      'a range of proxies is listed once',
      'gateway/trustedProxies',
      ['10.0.2.0/24', '10.0.2.0/24'],
      'duplicate gateway.trustedProxies[1]',
    ],
    [
      'archived records have no bodies',
      'ledger/retain',
      { bodies: '60d', archiveAfter: '40d' },
      'conflict ledger.retain.archiveAfter',
    ],
    ['retained bodies have a record', 'ledger/retain/records', '2d', 'conflict ledger.retain.bodies'],
    [
      'an endpoint has no path',
      'instances/one/endpoint',
      'https://one.example/openai',
      'wrong_value instances.one.endpoint',
    ],
    [
      'an endpoint has no query',
      'instances/one/endpoint',
      'https://one.example/?a=b',
      'wrong_value instances.one.endpoint',
    ],
    [
      'an endpoint has no credentials',
      'instances/one/endpoint',
      'https://a:b@one.example',
      'wrong_value instances.one.endpoint',
    ],
    ['an endpoint is https', 'instances/one/endpoint', 'http://one.example', 'wrong_value instances.one.endpoint'],
    [
      'an endpoint that only looks local is not',
      'instances/one/endpoint',
      'http://127.0.0.1.example',
      'wrong_value instances.one.endpoint',
    ],
    [
      'the authority is https',
      'identity/entra/authority',
      'http://login.example',
      'wrong_value identity.entra.authority',
    ],
    ['listeners differ', 'admin/listen', '127.0.0.1:8080', 'conflict admin.listen'],
    ['listeners differ on every address too', 'admin/listen', '0.0.0.0:8080', 'conflict admin.listen'],
    ['targets are listed once', 'workloads/bot/targets', ['main', 'main'], 'duplicate workloads.bot.targets[1]'],
    [
      'deployments are listed once',
      'workloads/bot/deployments',
      ['gpt-4o', 'gpt-4o'],
      'duplicate workloads.bot.deployments[1]',
    ],
    [
      'callers are listed once',
      'workloads/bot/callers',
      [{ role: 'A' }, { role: 'A' }],
      'duplicate workloads.bot.callers[1]',
    ],
    [
      'a role lists each rule once',
      'admin/roles/viewer',
      [{ role: 'A' }, { role: 'A' }],
      'duplicate admin.roles.viewer[1]',
    ],
    [
      'audiences are listed once, with or without a slash',
      'identity/entra/audiences',
      ['https://ai.azure.com', 'https://ai.azure.com/'],
      'duplicate identity.entra.audiences[1]',
    ],
  ]
  for (const [rule, path, value, problem, nearest] of cases) {
    test(`${rule}: ${path} ${JSON.stringify(value)}`, async () => {
      const { errors } = await check(changed(path, value))
      assert.deepEqual(brief(errors), [problem])
      assert.equal(errors[0]?.nearest ?? null, nearest ?? null)
    })
  }

  // GUIDs are the same in any case; two spellings of one would count as two rules.
  test('a tenant that is listed twice is refused, also in another case', async () => {
    const tenants = ['aaaaaaaa-2222-3333-4444-555555555555', 'AAAAAAAA-2222-3333-4444-555555555555']
    assert.deepEqual(brief((await check(changed('identity/entra/tenants', tenants))).errors), [
      'duplicate identity.entra.tenants[1]',
    ])
  })

  test('no instance, pool or workload may have the name of a route', async () => {
    const instance = { endpoint: 'https://x.example', deployments: {} }
    for (const name of reservedNames) {
      for (const [section, value] of [
        ['instances', instance],
        ['pools', { members: [{ instance: 'one' }] }],
        ['workloads', { callers: [{ role: 'A' }], targets: ['one'], deployments: ['gpt-4o'] }],
      ] as const) {
        const { errors } = await check(changed(`${section}/${name}`, value))
        // Names that do not begin like a name may be refused for that reason.
        assert.equal(errors.length, 1, `${section} ${name}`)
        assert.equal(errors[0]?.code, /^[a-z0-9]/.test(name) ? 'reserved_name' : 'wrong_value')
      }
    }
  })

  test('a port of 0 and different addresses do not conflict, and http on this machine is allowed', async () => {
    assert.deepEqual((await check(changed('admin/listen', '127.0.0.2:8080'))).errors, [])
    assert.deepEqual(
      (await check(changed('admin', { ...{ roles: { viewer: [{ role: 'A' }] } }, listen: '[::1]:8080' }))).errors,
      [],
    )
    for (const host of ['127.0.0.1:9', 'localhost:9', '[::1]:9']) {
      assert.deepEqual((await check(changed('instances/one/endpoint', `http://${host}`))).errors, [])
    }
  })
})

suite('warnings', () => {
  const cases: readonly [rule: string, path: string, value: unknown, at: string][] = [
    ['no role may read the ledger', 'admin/roles', {}, 'admin.roles'],
    [
      'an instance without deployments',
      'instances/three',
      { endpoint: 'https://three.example', deployments: {} },
      'instances.three.deployments',
    ],
    ['one endpoint twice', 'instances/two/endpoint', 'https://ONE.example/', 'instances.two.endpoint'],
    ['a key in the file', 'instances/two/credential', { key: '0123456789abcdef' }, 'instances.two.credential.key'],
    ['a part longer than the whole', 'gateway/timeouts', { total: '1m' }, 'gateway.timeouts.firstByte'],
    ['proxies whose field nobody reads', 'gateway', { trustedProxies: ['10.0.2.0/24'] }, 'gateway.trustedProxies'],
  ]
  for (const [rule, path, value, at] of cases) {
    test(`${rule}: a warning, and the gateway starts`, async () => {
      const { errors, warnings } = await check(changed(path, value))
      assert.deepEqual(errors, [])
      assert.ok(brief(warnings).includes(`risk ${at}`), brief(warnings).join())
    })
  }

  test('a key from the environment causes no warning', async () => {
    const text = changed('instances/two/credential', { key: `\${env:KEY}` })
    assert.deepEqual(await check(text), { errors: [], warnings: [] })
  })

  // Tokens for an app registration pass the gateway and get 401 from Azure, which looks like the gateway's fault.
  test('passing on tokens that Azure does not accept causes a warning', async () => {
    const caller = changed('instances/one/credential', 'caller')
    assert.deepEqual((await check(caller)).warnings, [])
    const own = JSON.parse(caller)
    own.identity.entra.audiences = ['https://cognitiveservices.azure.com/', 'api://gatehouse']
    const { warnings } = await check(JSON.stringify(own))
    assert.deepEqual(brief(warnings), ['risk instances.one.credential'])
    assert.match(warnings[0]?.expected ?? '', /api:\/\/gatehouse/)
  })
})

suite('claims that no accepted token has', () => {
  const group = '33333333-0000-4000-8000-000000000001'
  const bound = { 'workloads/bot/callers': [{ group }, { role: 'Bot.Use' }], 'admin/roles': { viewer: [{ group }] } }

  // Every member of the group is refused, and neither the gateway nor Entra says why.
  test('N-K1 group and role rules cause a warning when only Microsoft’s own audiences are accepted', async () => {
    const { errors, warnings } = await check(changedBy(bound))
    assert.deepEqual(errors, [])
    assert.deepEqual(brief(warnings), [
      'risk admin.roles.viewer[0]',
      'risk workloads.bot.callers',
      'risk workloads.bot.callers[0]',
      'risk workloads.bot.callers[1]',
    ])
    const [, none, ...each] = warnings
    assert.match(none?.expected ?? '', /^at least one rule that a caller can match/)
    assert.match(each[0]?.expected ?? '', /identity\.entra\.graph, or a registration of your own/)
    assert.match(
      each[1]?.expected ?? '',
      /https:\/\/cognitiveservices\.azure\.com and https:\/\/ai\.azure\.com carry none/,
    )
  })

  test('N-K1 an own audience, or looking groups up, makes them possible', async () => {
    const own = { ...bound, 'identity/entra/audiences': ['api://gatehouse', 'https://ai.azure.com/'] }
    assert.deepEqual((await check(changedBy(own))).warnings, [])
    const lookedUp = { ...bound, 'identity/entra/graph': {} }
    assert.deepEqual(brief((await check(changedBy(lookedUp))).warnings), ['risk workloads.bot.callers[1]'])
  })
})

suite('what no call can meet', () => {
  const tenant = '11111111-2222-3333-4444-555555555555'
  const other = '22222222-2222-3333-4444-555555555555'
  const user = '44444444-0000-4000-8000-000000000001'
  const app = '66666666-0000-4000-8000-000000000001'
  const rows: readonly (readonly [what: string, values: Readonly<Record<string, unknown>>, at: readonly string[]])[] = [
    [
      'a caller rule of another tenant',
      { 'workloads/bot/callers': [{ tenant: other }, { user }] },
      ['workloads.bot.callers[0]'],
    ],
    [
      'an application that is not among the accepted clients',
      { 'workloads/bot/callers': [{ app }, { user }], 'identity/entra/clients': [user] },
      ['workloads.bot.callers[0]'],
    ],
    [
      'a rule beside one for every caller',
      { 'workloads/bot/callers': [{ tenant }, { user }] },
      ['workloads.bot.callers[0]'],
    ],
    [
      'a limit for a caller of another tenant',
      { 'limits/rules/one': { tokensPerDay: 90_000, callers: [{ tenant: other }] } },
      ['limits.rules.one.callers[0]'],
    ],
    ['a pool that no workload uses', { 'workloads/bot/targets': ['one', 'two'] }, ['pools.main']],
    [
      'an instance that is in no pool and no target',
      { 'instances/three': { endpoint: 'https://three.example', deployments: { 'gpt-4o': { model: 'gpt-4o' } } } },
      ['instances.three'],
    ],
    [
      'a limit above another one for the same calls',
      { 'limits/rules': { big: { tokensPerDay: 90_000 }, small: { tokensPerDay: 50_000 } } },
      ['limits.rules.big.tokensPerDay'],
    ],
    [
      'a budget of a workload above that of all calls',
      { 'workloads/bot/limits': { costPerMonth: '900 USD' }, 'limits/rules/all': { costPerMonth: '500 USD' } },
      ['workloads.bot.limits.costPerMonth'],
    ],
  ]
  for (const [what, values, at] of rows) {
    test(`a warning for ${what}`, async () => {
      const { errors, warnings } = await check(changedBy(values))
      assert.deepEqual(brief(errors), [])
      assert.deepEqual(
        brief(warnings),
        at.map(path => `risk ${path}`),
      )
    })
  }

  test('limits that only report, or that count each caller apart, make no other limit unreachable', async () => {
    const rules = {
      all: { tokensPerDay: 90_000 },
      tried: { tokensPerDay: 50_000, mode: 'shadow' },
      each: { tokensPerDay: 20_000, per: ['caller'] },
    }
    assert.deepEqual((await check(changedBy({ 'limits/rules': rules }))).warnings, [])
  })
})
