/** Encrypted reasoning and items with ids among workloads, replicas, deployments and real clients. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { OpenAI } from 'openai'
import { person } from '../../support/objects.ts'
import { startPool } from '../../support/pool-world.ts'
import { startRedis } from '../../support/redis.ts'
import {
  outcome,
  outputOf,
  result,
  startStateful,
  stateless,
  turn,
  unreadable,
  user,
  withoutIds,
} from '../../support/stateful.ts'
import { answering } from '../../support/twin-backends.ts'
import { fastDeployments, reopen } from '../../support/world.ts'

test("F1 M6 content encrypted by another workload's answer is refused to every other workload", async t => {
  const { twins } = await startStateful(t)
  const output = outputOf(await (await twins.as({ target: 'up1' })).call('POST', 'responses', turn([user], stateless)))
  const bob = await twins.as({ as: 'bob', workload: 'code-assistant' })
  twins.called()
  for (const items of [output, withoutIds(output)]) {
    assert.deepEqual(outcome(await bob.call('POST', 'responses', turn([user, ...items], stateless))), [
      404,
      'object_unknown',
    ])
  }
  assert.deepEqual(twins.called(), [])
})

// A load balancer can send the next turn to another replica.
test('F1 M6 replicas that share a Redis know what each of them has seen', async t => {
  const redis = await startRedis(t)
  const { twins } = await startStateful(t, { change: config => ({ ...config, redis: redis.section }) })
  const { world } = twins
  const config = { ...world.config, ledger: { ...world.config.ledger, directory: join(world.directory, 'other') } }
  const house = await reopen(t, world, config)
  const there = await person(world, { house, target: 'rr' })
  const stranger = await person(world, { house, target: 'rr', as: 'bob', workload: 'code-assistant' })
  for (const more of [stateless, {}]) {
    const output = outputOf(await (await twins.as({ target: 'up2' })).call('POST', 'responses', turn([user], more)))
    const input = output.map(each => (each['type'] === 'reasoning' ? { ...each, summary: [{ text: 's' }] } : each))
    twins.called()
    for (let i = 0; i < 3; i += 1) outputOf(await there.call('POST', 'responses', turn([user, ...input, result], more)))
    assert.deepEqual(twins.called(), ['up2', 'up2', 'up2'])
    const refused = await stranger.call('POST', 'responses', turn([user, ...input], more))
    assert.deepEqual(outcome(refused), [404, 'object_unknown'])
    assert.deepEqual(twins.called(), [])
  }
  // Content that is only mentioned must not stop a conversation while its owner cannot be looked up.
  const before = outputOf(await (await twins.as({ target: 'up2' })).call('POST', 'responses', turn([user], stateless)))
  await redis.kill()
  outputOf(await there.call('POST', 'responses', turn([user, ...before, result], stateless)))
})

test('F1 encrypted content of a list of items is also known, however long the list is', async t => {
  const { twins, alice } = await startStateful(t)
  const item = { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'listed-of-up2' }
  const long = { id: 'msg_1', type: 'message', role: 'user', content: 'x'.repeat(20_000) }
  twins.up1.answer = answering(() => unreadable)
  twins.up2.answer = answering(({ url }) => {
    if (url.includes('/items')) return { body: { object: 'list', data: [long, item], has_more: false } }
    return { body: { id: url.endsWith('conversations') ? 'conv_1' : 'resp_1', output: [] } }
  })
  const onTwo = await twins.as({ target: 'up2' })
  await onTwo.call('POST', 'conversations', {})
  assert.equal(
    (await onTwo.call('GET', 'conversations/conv_1/items?include[]=reasoning.encrypted_content')).status,
    200,
  )
  twins.called()
  for (let i = 0; i < 3; i += 1) {
    assert.equal((await alice.call('POST', 'responses', turn([item, user], stateless))).status, 200)
  }
  assert.deepEqual(twins.called(), ['up2', 'up2', 'up2'])
})

// An agent hands over to another one, whose model is deployed on another instance: every instance can read texts, but
// not encrypted reasoning.
test("F1 input that every instance can read goes to another deployment's instance; encrypted input is refused", async t => {
  const { twins } = await startStateful(t, {
    change: config => ({
      ...config,
      instances: Object.fromEntries(
        Object.entries(config.instances).map(([name, instance]) => [
          name,
          {
            ...instance,
            deployments: name === 'up1' ? { 'gpt-5': { model: 'gpt-5' } } : { 'gpt-4o': { model: 'gpt-4o' } },
          },
        ]),
      ),
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => [
          name,
          { ...workload, targets: ['rr', 'up1', 'up2'] },
        ]),
      ),
      pools: { rr: { members: [{ instance: 'up1' }, { instance: 'up2' }] } },
    }),
  })
  const alice = await twins.as()
  const stored = outputOf(await alice.call('POST', 'responses', turn([user])))
  const calls = stored.filter(({ type }) => type === 'function_call')
  outputOf(await alice.call('POST', 'responses', turn([user, ...calls, result], { model: 'gpt-4o' })))
  const encrypted = outputOf(await alice.call('POST', 'responses', turn([user], stateless)))
  const other = await alice.call(
    'POST',
    'responses',
    turn([user, ...encrypted, result], { ...stateless, model: 'gpt-4o' }),
  )
  assert.deepEqual(outcome(other), [400, 'object_elsewhere'])
  assert.deepEqual(twins.called(), ['up1', 'up1', 'up2'])
})

// Two simulated resources, which share no knowledge with the gateway, and the client as people use it.
test('F1 the openai client continues a conversation in a pool of two, with tools, stored, encrypted and streamed', async t => {
  const pool = await startPool(t, {
    count: 2,
    deployments: () => ({ ...fastDeployments, 'gpt-5': { model: 'gpt-5' } }),
    pool: { strategy: 'round-robin' },
    change: config => ({
      ...config,
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => [
          name,
          name === 'hr-bot' ? { ...workload, deployments: [...workload.deployments, 'gpt-5'] } : workload,
        ]),
      ),
    }),
  })
  const client = new OpenAI({
    baseURL: `${pool.world.url}/trio/hr-bot/openai/v1`,
    apiKey: await pool.world.token('alice'),
    maxRetries: 0,
  })
  const asks = [{ store: true }, { store: false, include: ['reasoning.encrypted_content' as const] }]
  for (const ask of asks) {
    for (const stream of [false, true]) {
      let input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Plan a day in Lisbon' }]
      const before = pool.instances.map(one => one.bill().length)
      for (let i = 0; i < 4; i += 1) {
        const output: OpenAI.Responses.ResponseOutputItem[] = []
        if (stream) {
          for await (const event of await client.responses.create({ ...ask, model: 'gpt-5', input, stream })) {
            if (event.type === 'response.output_item.done') output.push(event.item)
          }
        } else output.push(...(await client.responses.create({ ...ask, model: 'gpt-5', input })).output)
        assert.ok(output.some(({ type }) => type === 'reasoning'))
        input = [...input, ...(output as OpenAI.Responses.ResponseInput), { role: 'user', content: `And then? ${i}` }]
      }
      const served = pool.instances.map((one, at) => one.bill().length - (before[at] ?? 0))
      assert.deepEqual(served.toSorted(), [0, 4], `store ${ask.store}, stream ${stream}`)
    }
  }
})
