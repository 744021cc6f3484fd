/** P8: on every address, what is not configured is not allowed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { describeApi } from '../../../packages/gateway/src/gateway/pages/openapi.ts'
import { type Running, runWorld } from '../../support/file-world.ts'
import { type RawAnswer, send } from '../../support/raw.ts'
import { settledRecords } from '../../support/records.ts'
import { assertAlive, assertRefusal } from '../../support/refused.ts'
import { apiVersion, ask, type World } from '../../support/world.ts'

let world: World & Running
before(async () => {
  world = await runWorld()
})
after(() => world.close())

interface Address {
  readonly method: string
  readonly path: string
}

/** Every address of every operation in every form, including methods. */
function everyAddress(names: Readonly<Record<string, string>> = {}): Address[] {
  const { paths } = describeApi('') as { paths: Record<string, Record<string, unknown>> }
  const values: Readonly<Record<string, string>> = {
    target: 'main',
    workload: 'hr-bot',
    deployment: 'gpt-4o',
    id: 'resp_1',
    member: 'x_3',
    part: 'y_2',
    ...names,
  }
  return Object.entries(paths)
    .filter(([path]) => /(^|\/)(openai|v1)\//.test(path))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map(method => ({
        method: method.toUpperCase(),
        path: `${path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')}?api-version=${apiVersion}`,
      })),
    )
}

function call({ method, path }: Address, headers: readonly (readonly [string, string])[] = []): Promise<RawAnswer> {
  const body = method === 'POST' ? { body: JSON.stringify({ model: 'gpt-4o', messages: ask('Hello') }) } : {}
  return send(world.url, { method, target: path, headers: [['Content-Type', 'application/json'], ...headers], ...body })
}

function nothingReached(): void {
  assert.deepEqual([...world.one.bill(), ...world.two.bill()], [], 'nothing reached an instance')
}

/** In batches, so that the machine does not have to open hundreds of connections at once. */
async function each<T>(all: readonly T[], check: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += 16) await Promise.all(all.slice(at, at + 16).map(check))
}

// In several gateways, one alias without an authentication check has been the way in.
test('P8 every address answers 401 without a token, also encoded, in absolute form and with a wrong Host', async () => {
  const before = (await settledRecords(world.house)).length
  const addresses = everyAddress()
  assert.ok(addresses.length > 100, `${addresses.length} addresses`)
  await each(addresses, async address => {
    const { path } = address
    const encoded = path.replace(/[a-z](?=[^/?]*[?/])/, letter => `%${letter.charCodeAt(0).toString(16)}`)
    const variants: (readonly [string, readonly (readonly [string, string])[]])[] = [
      [path, []],
      [encoded, []],
      [`http://elsewhere.example${path}`, []],
      [path, [['Host', 'elsewhere.example']]],
      [path, [['Authorization', '']]],
    ]
    for (const [target, headers] of variants) {
      const answer = await call({ method: address.method, path: target }, headers)
      assert.equal(answer.status, 401, `${address.method} ${target}: ${answer.body}`)
      assert.equal(answer.headers['x-gatehouse-refusal'], 'token_missing')
      assert.ok(answer.headers['www-authenticate'])
    }
  })
  nothingReached()
  const records = await settledRecords(world.house)
  assert.equal(records.length - before, 5 * addresses.length, 'each attempt is in the ledger')
})

test('P8 every address refuses a caller that has no binding', async () => {
  const dave = [['Authorization', `Bearer ${await world.token('dave')}`]] as const
  await each(everyAddress(), async address => {
    const answer = await call(address, dave)
    assert.equal(answer.status, 403, `${address.method} ${address.path}: ${answer.body}`)
    assert.match(answer.headers['x-gatehouse-refusal'] ?? '', /^caller_(not_bound|unbound)$/)
  })
  nothingReached()
})

test('P8 on every address an unknown or foreign target, workload or deployment is refused', async () => {
  const alice = [['Authorization', `Bearer ${await world.token('alice')}`]] as const
  const bob = [['Authorization', `Bearer ${await world.token('bob')}`]] as const
  const refusalsOf = async (addresses: readonly Address[], headers: typeof alice): Promise<Set<string>> => {
    const seen = new Set<string>()
    await each(addresses, async address => {
      seen.add((await call(address, headers)).headers['x-gatehouse-refusal'] ?? 'none')
    })
    return seen
  }
  const named = (names: Readonly<Record<string, string>>): Address[] =>
    everyAddress(names).filter(({ path }) => !/^\/(openai|v1)\//.test(path))
  assert.ok(named({}).length > 50)
  assert.deepEqual(await refusalsOf(named({ target: 'unknown' }), alice), new Set(['target_unknown']))
  assert.deepEqual(await refusalsOf(named({ workload: 'unknown' }), alice), new Set(['workload_unknown']))
  const foreign = { target: 'dev-openai-instance-1', workload: 'code-assistant' }
  assert.deepEqual(await refusalsOf(named(foreign), bob), new Set(['target_not_allowed']))
  const onDeployment = everyAddress({ deployment: 'gpt-5' }).filter(({ path }) => path.includes('/deployments/'))
  assert.ok(onDeployment.length > 10)
  assert.deepEqual(await refusalsOf(onDeployment, alice), new Set(['deployment_not_allowed']))
  nothingReached()
})

test('P8 an address that is in no table reaches no instance, with or without a token', async () => {
  const alice = [['Authorization', `Bearer ${await world.token('alice')}`]] as const
  const paths = [
    'assistants',
    'threads',
    'threads/x/runs',
    'vector_stores/x/unknown',
    'conversations/x/y/z',
    'fine_tuning/unknown',
    'deployments',
    'realtime',
    'evals/x/y',
    'containers/x/y',
    'uploads/x/y',
    'moderations',
    'models/a/b',
    'files/x/content/y',
    'responses/x/unknown',
    'chat',
    'engines',
  ]
  for (const path of paths) {
    for (const root of ['/main/hr-bot/openai', '/main/hr-bot/openai/v1', '/openai', '/openai/v1', '/v1']) {
      for (const headers of [[], alice]) {
        const answer = await call({ method: 'POST', path: `${root}/${path}?api-version=${apiVersion}` }, headers)
        assert.ok(answer.status === 404 || answer.status === 405, `${root}/${path}: ${answer.status}`)
      }
    }
  }
  for (const path of ['/metrics', '/admin', '/api/v1/records', '/debug/pprof', '/.env', '/models/chat/completions']) {
    assertRefusal(await call({ method: 'GET', path }, alice), 'route_unknown')
  }
  nothingReached()
})

// These pages need no token, so they must show nothing that should need one.
test('P8 the pages without a token name no workload, instance, deployment or person', async () => {
  await assertAlive(world)
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/.well-known/oauth-protected-resource']) {
    const answer = await call({ method: 'GET', path })
    assert.equal(answer.status, 200)
    assert.doesNotMatch(answer.body.toString(), /hr-bot|dev-openai|gpt-4o|alice|127\.0\.0\.1:(?!\d+["/])/)
    assert.ok(!answer.body.includes(world.one.url))
  }
  const refused = await call({ method: 'GET', path: '/main/hr-bot/openai/v1/models' })
  assert.doesNotMatch(refused.body.toString(), /gpt-4o|dev-openai/)
})
