import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { brief, changed, changedBy, check } from './rules.fixture.ts'

const password = 'hunter2/with@signs'
const identity = 'managed-identity'

suite('redis', () => {
  const faults: readonly [what: string, redis: unknown, problem: string][] = [
    ['another scheme', { url: `http://:${password}@cache:6379` }, 'wrong_value redis.url'],
    ['no scheme', { url: `cache:6379,password=${password}` }, 'wrong_value redis.url'],
    ['a query', { url: `rediss://cache:6380?password=${password}` }, 'wrong_value redis.url'],
    ['a name for a database', { url: 'rediss://cache:6380/limits' }, 'wrong_value redis.url'],
    ['an invalid port', { url: `rediss://:${password}@cache:66666` }, 'wrong_value redis.url'],
    ['a database of a cluster', { url: 'rediss://cache:6380/1', cluster: true }, 'wrong_value redis.url'],
    ['no URL', {}, 'missing_key redis.url'],
    ['a URL in the place of the section', `redis://:${password}@cache`, 'wrong_type redis'],
    ['a password that is a number', { url: 'rediss://cache', password: 123_456 }, 'wrong_type redis.password'],
    ['a password that is a list', { url: 'rediss://cache', password: [password] }, 'wrong_type redis.password'],
    ['two passwords', { url: 'rediss://:secret@cache', password }, 'conflict redis.password'],
    ['two users', { url: 'rediss://me:secret@cache', username: 'you' }, 'conflict redis.username'],
    ['a password beside an identity', { url: 'rediss://c', password, credential: identity }, 'conflict redis.password'],
    ['a user beside an identity', { url: 'rediss://me@c', credential: identity }, 'conflict redis.url'],
    [
      'a key instead of an identity',
      { url: 'rediss://c', credential: { key: password } },
      'unknown_key redis.credential.key',
    ],
    ['an unknown key', { url: 'rediss://cache', passwort: password }, 'unknown_key redis.passwort'],
    ['a timeout that is too short', { url: 'rediss://cache', timeout: '1ms' }, 'wrong_value redis.timeout'],
  ]
  // P5: configurations are checked in pipelines whose logs many people read.
  for (const [what, redis, problem] of faults) {
    test(`P5: ${what} is refused, and no password is shown`, async () => {
      const { errors } = await check(changed('redis', redis))
      assert.deepEqual(brief(errors), [problem])
      assert.doesNotMatch(JSON.stringify(errors), /hunter2|signs|123456|secret@/)
    })
  }

  const risks: readonly [what: string, redis: unknown, at: readonly string[]][] = [
    ['a password in the file', { url: 'rediss://cache', password }, ['redis.password']],
    ['a password in the URL in the file', { url: 'rediss://:secret@cache' }, ['redis.url']],
    ['a password in clear on the network', { url: 'redis://cache', password: '${env:KEY}' }, ['redis.url']],
    ['a password from the environment over TLS', { url: 'rediss://cache', password: '${env:KEY}' }, []],
    ['a token in clear on the network', { url: 'redis://cache', credential: identity }, ['redis.url']],
    ['a token over TLS', { url: 'rediss://cache', credential: identity }, []],
    ['no password', { url: 'redis://cache:6379/3' }, []],
    ['a password on this machine', { url: 'redis://localhost', password: '${env:KEY}' }, []],
  ]
  for (const [what, redis, at] of risks) {
    test(`${what}: ${at.join() || 'no warning'}`, async () => {
      const { errors, warnings } = await check(changed('redis', redis))
      assert.deepEqual([brief(errors), brief(warnings)], [[], at.map(path => `risk ${path}`)])
      assert.doesNotMatch(JSON.stringify(warnings), /hunter2|secret@|0123456789abcdef/)
    })
  }
})

// After a restart the ledger is the source of owners: an object whose record is gone has no owner.
test('remembering objects longer than records causes a warning', async () => {
  const values = { 'objects/remember': '90d', 'ledger/retain': { records: '60d', bodies: '30d' } }
  const { errors, warnings } = await check(changedBy(values))
  assert.deepEqual([brief(errors), brief(warnings)], [[], ['risk objects.remember']])
})

// What a restart would forget, operators must read before it happens.
test('a ledger without a store needs Redis for what a restart must know', async () => {
  const without = { ledger: { store: 'none' }, feeds: { out: { kind: 'files', directory: '/out' } } }
  const redis = { url: 'redis://localhost' }
  const limited = { ...without, redis, 'workloads/bot/limits': { tokensPerDay: 1_000 } }
  const shared = { store: 'redis', whenStoreIsDown: 'local' }
  const cases: readonly [values: Readonly<Record<string, unknown>>, errors: readonly string[]][] = [
    [without, ['conflict ledger.store']],
    [{ ...without, redis }, []],
    [limited, ['conflict limits.store']],
    [{ ...limited, limits: shared }, []],
  ]
  for (const [values, expected] of cases) {
    assert.deepEqual(brief((await check(changedBy(values))).errors), expected)
  }
  const { warnings } = await check(changedBy({ ledger: { store: 'none' }, redis }))
  assert.deepEqual(brief(warnings), ['risk ledger.store'])
})
