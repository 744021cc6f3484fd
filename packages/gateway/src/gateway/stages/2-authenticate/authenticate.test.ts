import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Caller, GroupsUnavailable, IdentityError } from '../../../identity/index.ts'
import { person, resolvedOf } from '../../exchange.fixture.ts'
import { type AuthenticateParts, authenticate } from './index.ts'

const headers = { Authorization: 'Bearer a.verified.token' }
const withoutGroups: Caller = { ...person, groups: [], listsGroups: false }

function partsOf(change: {
  readonly remembered?: Caller | null
  readonly verify?: () => Promise<Caller>
  readonly groups?: AuthenticateParts['groups']
}): AuthenticateParts {
  const {
    remembered = null,
    verify = () => assert.fail('a remembered token is not verified again'),
    groups = null,
  } = change
  const identity = { audiences: ['https://ai.azure.com'] }
  return { verifier: { remembered: () => remembered, verify }, identity, groups }
}

test('a token that was seen before is answered at once, with the same exchange', () => {
  const exchange = resolvedOf({ headers })
  const result = authenticate(exchange, partsOf({ remembered: person }))
  assert.equal(result, exchange)
  assert.deepEqual([exchange.caller, exchange.token], [person, 'a.verified.token'])
})

test('a new token is verified, and a token that fails is a 401 with the reason', async () => {
  const fresh = resolvedOf({ headers })
  assert.equal((await authenticate(fresh, partsOf({ verify: () => Promise.resolve(person) }))).caller, person)
  const expired = partsOf({ verify: () => Promise.reject(new IdentityError('token_expired', 'The token expired.')) })
  await assert.rejects(async () => authenticate(resolvedOf({ headers }), expired), {
    code: 'token_expired',
    status: 401,
  })
})

test('a missing token is refused before anything is verified', () => {
  assert.throws(() => authenticate(resolvedOf(), partsOf({})), { code: 'token_missing', status: 401 })
})

// Callers cannot repair an outage: 401 would make them sign in again and again.
test('an outage of the sign-in service is 503, not 401', async () => {
  const outage = partsOf({
    verify: () => Promise.reject(new IdentityError('keys_unavailable', 'The keys cannot be read.')),
  })
  await assert.rejects(async () => authenticate(resolvedOf({ headers }), outage), {
    code: 'keys_unavailable',
    status: 503,
  })
})

test('an error that is not about the token stays what it is', async () => {
  const broken = partsOf({ verify: () => Promise.reject(new RangeError('a bug')) })
  await assert.rejects(async () => authenticate(resolvedOf({ headers }), broken), RangeError)
})

test('groups are looked up only for a caller whose token does not list them and whose workload needs them', async () => {
  const complete = { ...withoutGroups, groups: person.groups }
  let lookUps = 0
  const groups = {
    complete() {
      lookUps += 1
      return complete
    },
  }
  const named = { ...headers, 'x-gatehouse-workload': 'people' }
  const listed = await authenticate(resolvedOf({ headers: named }), partsOf({ remembered: person, groups }))
  assert.deepEqual([listed.caller, lookUps], [person, 0])
  const looked = await authenticate(resolvedOf({ headers: named }), partsOf({ remembered: withoutGroups, groups }))
  assert.deepEqual([looked.caller, lookUps], [complete, 1])
  const absent = await authenticate(resolvedOf({ headers: named }), partsOf({ remembered: withoutGroups }))
  assert.equal(absent.caller, withoutGroups, 'no directory is configured')
})

test('when groups cannot be looked up the call is refused with 503 and recorded under the verified caller', async () => {
  const groups = { complete: () => Promise.reject(new GroupsUnavailable(2_000)) }
  const exchange = resolvedOf({ headers: { ...headers, 'x-gatehouse-workload': 'people' } })
  await assert.rejects(async () => authenticate(exchange, partsOf({ remembered: withoutGroups, groups })), {
    code: 'groups_unavailable',
    retryAfterMs: 2_000,
  })
  assert.equal(exchange.caller, withoutGroups)
})
