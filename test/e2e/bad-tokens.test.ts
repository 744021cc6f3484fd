/** Tokens that must not be accepted, over raw sockets. Otherwise attackers could use the names and quotas of others. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RefusalCode } from '../../packages/gateway/src/gateway/refusals.ts'
import { type Running, runWorld } from '../support/file-world.ts'
import { forgedTokens } from '../support/forged.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { assertAlive, assertRefused } from '../support/refused.ts'
import { ask, chatPath, startWorld, type World } from '../support/world.ts'

let world: World & Running
before(async () => {
  world = await runWorld()
})
after(() => world.close())

const body = JSON.stringify({ messages: ask('Hello') })

function call(...headers: readonly (readonly [string, string])[]): Promise<RawAnswer> {
  return send(world.url, { target: chatPath, headers: [['Content-Type', 'application/json'], ...headers], body })
}

test('P9 each forged token is a 401 that names its fault, with a challenge and a record', async t => {
  for (const [what, token, code] of await forgedTokens(world.entra)) {
    await t.test(what, async () => {
      for (const header of [
        ['Authorization', `Bearer ${token}`],
        ['api-key', token],
      ] as const) {
        const answer = await call(header)
        const record = await assertRefused(world.house.ledger, answer, code as RefusalCode)
        // No identity was verified, so none is recorded: a forged token must not write somebody's name into the ledger.
        assert.deepEqual([record.callerObjectId, record.callerName], [null, null])
        assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer error="invalid_token".*resource_metadata="http/)
        assert.ok(!answer.body.includes(token.slice(-40)) || token.length < 41, 'the token is not shown')
      }
    })
  }
  assert.equal(world.one.bill().length + world.two.bill().length, 0, 'nothing reached an instance')
  await assertAlive(world)
})

test('P9 a token of 100 KB is refused by its size, and the next call is served', async () => {
  const answer = await call(['Authorization', `Bearer ${'A'.repeat(100_000)}.b.c`])
  assert.equal(answer.status, 431)
  await assertAlive(world)
})

// The gateway cannot know which of two was meant; a proxy in front may have checked the other one.
test('P9 two Authorization headers, and two headers with different tokens, are refused', async () => {
  const alice = await world.token('alice')
  const carol = await world.token('carol')
  const bearer = (token: string) => ['Authorization', `Bearer ${token}`] as const
  await assertRefused(world.house.ledger, await call(bearer(alice), bearer(alice)), 'token_ambiguous')
  await assertRefused(world.house.ledger, await call(bearer(alice), bearer(carol)), 'token_ambiguous')
  await assertRefused(world.house.ledger, await call(bearer(alice), ['api-key', carol]), 'token_ambiguous')
  await assertRefused(world.house.ledger, await call(['api-key', alice], ['api-key', alice]), 'token_ambiguous')
  const same = await call(bearer(alice), ['api-key', alice])
  assert.equal(same.status, 200, 'the same token in both is no contradiction')
})

test('P9 a missing token, an empty one and another scheme are refused with the way to get one', async () => {
  const none = await call()
  await assertRefused(world.house.ledger, none, 'token_missing')
  // RFC 6750 section 3.1: without a token there is no error to report.
  assert.doesNotMatch(none.headers['www-authenticate'] ?? '', /error=/)
  assert.match(none.body.toString(), /gatehouse token/)
  for (const value of ['Bearer', 'Bearer ', 'Basic YWxpY2U6c2VjcmV0', 'Negotiate abc', '']) {
    await assertRefused(world.house.ledger, await call(['Authorization', value]), 'token_missing')
  }
})

// An outage of the sign-in service is the gateway's problem: a 401 would send every user to sign in again, where
// nothing answers.
test('P9 an outage of the sign-in service is a 503 with Retry-After, and recovery is noticed', async t => {
  let aheadMs = 0
  const dark = await startWorld(t, { parts: { identityClock: () => Date.now() + aheadMs } })
  const headers = [['Authorization', `Bearer ${await dark.token('alice')}`]] as const
  dark.entra.down = true
  // The instance with a key: the other's managed identity gets its tokens from the same service.
  const target = chatPath.replace('main', 'dev-openai-instance-2')
  const answer = await send(dark.url, { target, headers, body })
  await assertRefused(dark.house.ledger, answer, 'keys_unavailable')
  assert.equal(answer.headers['retry-after'], '1')
  assert.equal(answer.headers['x-should-retry'], 'true')
  dark.entra.down = false
  aheadMs = 10_000
  assert.equal((await send(dark.url, { target, headers, body })).status, 200)
  dark.entra.down = true
  const others = [['Authorization', `Bearer ${await dark.token('carol')}`]] as const
  assert.equal((await send(dark.url, { target, headers, body })).status, 200, 'a token that was verified before')
  assert.equal(
    (await send(dark.url, { target, headers: others, body })).status,
    200,
    'and one that is verified with known keys',
  )
})
