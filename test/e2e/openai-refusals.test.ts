/**
 * Refusals by an instance of kind openai in a pool beside Azure OpenAI: which ones move a call to the other member, and
 * what they mean for the member. Otherwise a limit, a missing model or an unpaid bill of one kind would reach clients
 * although the other kind could have answered.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, errorOf, startMixed } from '../support/mixed.ts'
import { lacksCredit, lacksModel, lacksScope, refusing } from '../support/openai.ts'
import { recordOf } from '../support/records.ts'

test('a call that one kind refuses is retried on the other kind, in both directions', async t => {
  for (const first of ['openai', 'azure'] as const) {
    const mixed = await startMixed(t, { first })
    if (first === 'openai') mixed.openai.faults.push(refusing(429, { 'retry-after': '7' }, 'rate_limit_exceeded'))
    else mixed.world.two.setFault({ kind: '429', 'retry-after': 7, times: 1 })
    const answer = await mixed.post(chat)
    assert.equal(answer.status, 200, answer.text)
    const record = await recordOf(mixed.world.house.ledger, answer.id)
    const names = ['direct', 'dev-openai-instance-2']
    assert.deepEqual(
      record.attempts.map(({ instance, status }) => [instance, status]),
      (first === 'openai' ? names : names.toReversed()).map((name, at) => [name, at === 0 ? 429 : 200]),
    )
    const again = await recordOf(mixed.world.house.ledger, (await mixed.post(chat)).id)
    assert.equal(again.attempts.length, 1, 'the member that refused is skipped until Retry-After is over')
  }
})

test('a call for a model that OpenAI or vLLM does not have is retried on the other member, and the model is paused', async t => {
  for (const flavour of ['openai', 'vllm'] as const) {
    const mixed = await startMixed(t, {
      flavour,
      models: ['other'],
      change: config => {
        const openai = config.instances['direct']
        assert.ok(openai)
        return {
          ...config,
          instances: { ...config.instances, direct: { ...openai, deployments: { 'gpt-4o': { model: 'gpt-4o' } } } },
        }
      },
    })
    const answer = await mixed.post(chat)
    assert.equal(answer.status, 200, `${flavour}: ${answer.text}`)
    const record = await recordOf(mixed.world.house.ledger, answer.id)
    assert.deepEqual(
      record.attempts.map(({ status }) => status),
      [404, 200],
    )
    const lane = mixed.world.house.instanceStates().find(({ name }) => name === 'direct')?.lanes[0]
    assert.deepEqual([lane?.breaker, lane?.breakerReason], ['open', 'deployment_not_found'])
    const alone = await mixed.post(chat, undefined, { target: 'direct' })
    assert.equal(alone.status, 404, 'if it is the only member, its own answer says more')
    assert.match(errorOf(alone).message, /does not exist/)
  }
})

// OpenAI's answer when the key's project may not use the model: the key itself is valid.
test('a call for a model that the key may not use is retried on the other member, and the credential stays accepted', async t => {
  const mixed = await startMixed(t)
  mixed.openai.faults.push(refusing(403, {}, 'model_not_found'))
  const answer = await mixed.post(chat)
  assert.equal(answer.status, 200, answer.text)
  const record = await recordOf(mixed.world.house.ledger, answer.id)
  assert.deepEqual(
    record.attempts.map(({ status, error }) => [status, error]),
    [
      [403, null],
      [200, null],
    ],
  )
  const state = mixed.world.house.instanceStates().find(({ name }) => name === 'direct')
  const lane = state?.lanes.find(({ deployment }) => deployment === 'gpt-4o')
  assert.deepEqual(
    [lane?.breaker, lane?.breakerReason, state?.credentialRefused],
    ['open', 'deployment_not_found', false],
  )
})

// A key may be restricted to some operations: the others must go on reaching the member.
test('a call that a restricted key may not make is retried on the other member, and other calls still use the key', async t => {
  const mixed = await startMixed(t)
  for (let call = 0; call < 4; call += 1) {
    mixed.openai.faults.push(lacksScope)
    const answer = await mixed.post('/openai/v1/responses', { model: 'gpt-4o', input: 'Hello' })
    assert.equal(answer.status, 200, answer.text)
    const record = await recordOf(mixed.world.house.ledger, answer.id)
    assert.deepEqual(
      record.attempts.map(({ status, error }) => [status, error]),
      [
        [401, 'credential_refused'],
        [200, null],
      ],
    )
  }
  const record = await recordOf(mixed.world.house.ledger, (await mixed.post(chat)).id)
  assert.deepEqual(
    record.attempts.map(({ instance, status }) => [instance, status]),
    [['direct', 200]],
  )
  const state = mixed.world.house.instanceStates().find(({ name }) => name === 'direct')
  assert.deepEqual([state?.credentialRefused, state?.credentialRefusals], [false, 4])
  mixed.openai.faults.push(lacksScope)
  const alone = await mixed.post('/openai/v1/responses', { model: 'gpt-4o', input: 'Hello' }, { target: 'direct' })
  assert.equal(alone.headers.get('x-gatehouse-refusal'), 'credential_refused')
})

// A caller cannot pay the bill: it must neither wait for throttling to pass nor learn the state of the account.
test('a call that finds the account without credit is retried on the other member, and no client gets that answer', async t => {
  const mixed = await startMixed(t)
  mixed.openai.faults.push(lacksCredit)
  const answer = await mixed.post(chat)
  assert.equal(answer.status, 200, answer.text)
  const record = await recordOf(mixed.world.house.ledger, answer.id)
  assert.deepEqual(
    record.attempts.map(({ status, error }) => [status, error]),
    [
      [429, 'credential_refused'],
      [200, null],
    ],
  )
  const state = mixed.world.house.instanceStates().find(({ name }) => name === 'direct')
  const lane = state?.lanes.find(({ deployment }) => deployment === 'gpt-4o')
  assert.deepEqual([lane?.breakerReason, state?.credentialRefused], ['credential_refused', true])
  mixed.openai.faults.push(lacksCredit)
  const alone = await mixed.post(chat, undefined, { target: 'direct' })
  assert.equal(alone.headers.get('x-gatehouse-refusal'), 'credential_refused')
  assert.equal(alone.text.includes('quota'), false)
})

test('a 400 for a model that OpenAI does not have is retried on the other member, and the model is paused', async t => {
  const mixed = await startMixed(t)
  mixed.openai.faults.push(lacksModel)
  const answer = await mixed.post(chat)
  assert.equal(answer.status, 200, answer.text)
  const record = await recordOf(mixed.world.house.ledger, answer.id)
  assert.deepEqual(
    record.attempts.map(({ status }) => status),
    [400, 200],
  )
  const state = mixed.world.house.instanceStates().find(({ name }) => name === 'direct')
  assert.equal(state?.lanes.find(({ deployment }) => deployment === 'gpt-4o')?.breakerReason, 'deployment_not_found')
})

test('an operation that vLLM does not offer is retried on the other member', async t => {
  const mixed = await startMixed(t, { flavour: 'vllm' })
  const answer = await mixed.post('/openai/v1/completions', { model: 'gpt-4o', prompt: 'x' }, { target: 'direct' })
  assert.equal(answer.status, 200)
  const speech = await mixed.post('/openai/v1/audio/speech', { model: 'ears', input: 'x', voice: 'alloy' })
  const record = await recordOf(mixed.world.house.ledger, speech.id)
  assert.deepEqual([record.attempts[0]?.instance, record.attempts[0]?.status], ['direct', 404])
  assert.equal(record.attempts[1]?.instance, 'dev-openai-instance-2')
})

// The reset time says when a limit is whole again. There is room for a call much sooner.
test('a member whose limit is used up is tried again before the limit is whole', async t => {
  let nowMs = Date.now()
  const mixed = await startMixed(t, { parts: { clock: () => nowMs } })
  const used = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' }
  mixed.openai.faults.push(refusing(429, used, 'rate_limit_exceeded'))
  assert.equal((await mixed.post(chat)).status, 200)
  const lane = () => mixed.world.house.instanceStates().find(({ name }) => name === 'direct')?.lanes[0]
  assert.deepEqual([lane()?.breakerReason, (lane()?.retryAtMs ?? 0) - nowMs], ['throttled', 1_000])
  nowMs += 1_000
  await mixed.post(chat)
  assert.equal(lane()?.breaker, 'closed')
  assert.equal(lane()?.remainingTokens, 149_984)
})
