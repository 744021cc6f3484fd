/**
 * The official client through the gateway to instances that do not know each other's objects, like Azure's resources:
 * an agent that continues with an object of one instance must reach that instance, and is charged whether or not a
 * client stays to see the end.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import OpenAI from 'openai'
import type { ResponseInput } from 'openai/resources/responses/responses'
import type { SimulatedDeployment } from '../../../packages/simulator/src/types.ts'
import { leaveAt } from '../../support/background.ts'
import { settledRecords } from '../../support/records.ts'
import { eventually } from '../../support/wait.ts'
import { type Scope, startWorld, type World } from '../../support/world.ts'

const deployments: Readonly<Record<string, SimulatedDeployment>> = {
  'gpt-5': { model: 'gpt-5' },
  'gpt-4o': { model: 'gpt-4o' },
}

interface Setting {
  readonly world: World
  readonly client: OpenAI
  /** The gateway's clock. */
  readonly time: { ms: number }
}

/**
 * hr-bot on a pool in round-robin order, so that two calls in a row go to two instances unless an object binds them.
 */
async function setting(t: Scope): Promise<Setting> {
  const time = { ms: Date.now() }
  const world = await startWorld(t, {
    deployments,
    parts: { clock: () => time.ms, identityClock: Date.now },
    change: config => ({
      ...config,
      pools: {
        main: { strategy: 'round-robin', members: Object.keys(config.instances).map(instance => ({ instance })) },
      },
    }),
  })
  return { world, client: await clientOf(world, 'alice', 'hr-bot'), time }
}

async function clientOf({ url, token }: World, as: string, workload: string): Promise<OpenAI> {
  const apiKey = await token(as)
  return new OpenAI({ baseURL: `${url}/main/${workload}/openai/v1`, apiKey, maxRetries: 0 })
}

const bill = ({ one, two }: World) => [...one.bill(), ...two.bill()]

test('F1 an agent that carries encrypted reasoning along stays with the instance that produced it', async t => {
  const { world, client } = await setting(t)
  for (const store of [false, true]) {
    const input: ResponseInput = [{ role: 'user', content: `How is payroll run? ${store}` }]
    const served = new Set<string>()
    for (let turn = 0; turn < 5; turn += 1) {
      const include = ['reasoning.encrypted_content' as const]
      const { data, response } = await client.responses.create({ model: 'gpt-5', store, include, input }).withResponse()
      assert.equal(data.status, 'completed')
      const id = response.headers.get('x-gatehouse-request-id')
      served.add(bill(world).find(line => line.gatehouseRequestId === id)?.instance ?? 'none')
      input.push(...(data.output as ResponseInput), { role: 'user', content: `And then? ${turn}` })
    }
    assert.equal(served.size, 1, `store ${store}: ${[...served].join(', ')}`)
  }
  const used = new Set(bill(world).map(line => line.instance))
  assert.equal(used.size, 2, 'the pool takes its members in turn')
})

test('F20 a file made by the code interpreter is fetched only by its own workload', async t => {
  const { world, client } = await setting(t)
  const other = await clientOf(world, 'bob', 'code-assistant')
  for (let round = 0; round < 4; round += 1) {
    const tools = [{ type: 'code_interpreter' as const, container: { type: 'auto' as const } }]
    const input = `Calculate the steps of round ${round} in python`
    const { output } = await client.responses.create({ model: 'gpt-4o', input, tools })
    const ran = output.find(item => item.type === 'code_interpreter_call')
    assert.ok(ran)
    const [file] = (await client.containers.files.list(ran.container_id)).data
    assert.ok(file)
    const place = { container_id: ran.container_id }
    assert.match(await (await client.containers.files.content.retrieve(file.id, place)).text(), /^step,value/)
    await assert.rejects(other.containers.files.content.retrieve(file.id, place), { status: 404 })
    const again = {
      model: 'gpt-4o',
      input,
      tools: [{ type: 'code_interpreter' as const, container: ran.container_id }],
    }
    assert.equal((await client.responses.create(again)).status, 'completed')
    await assert.rejects(other.responses.create(again), { status: 404 })
  }
})

test('S13 a compacted conversation continues on the instance that compacted it', async t => {
  const { client } = await setting(t)
  for (let round = 0; round < 4; round += 1) {
    const asked: ResponseInput = [{ role: 'user', content: `How is payroll run? ${round}` }]
    const compact = await client.responses.compact({ model: 'gpt-5', input: asked })
    const input = [...(compact.output as ResponseInput), { role: 'user' as const, content: 'Go on' }]
    assert.equal((await client.responses.create({ model: 'gpt-5', input })).status, 'completed')
  }
})

// A client that disconnects early, or never polls, pays like any other.
test('F2 H2 background work is charged as it is billed, even if no client stays or polls', async t => {
  const { world, client, time } = await setting(t)
  const ask = { model: 'gpt-5', background: true as const, input: 'Plan a week in Lisbon' }
  const { id: conversation } = await client.conversations.create()
  await client.responses.create({ ...ask, conversation })
  const stalls = { headers: { 'x-simulator-fault': 'stall;after=5' } }
  const left = await client.responses.create({ ...ask, stream: true }, stalls).asResponse()
  await leaveAt(left, 'response.in_progress')
  const billed = (): number => bill(world).reduce((sum, line) => sum + line.promptTokens + line.completionTokens, 0)
  assert.ok(billed() > 0)
  await eventually('the ledger has what was billed', async () => {
    time.ms += 5_000
    const records = await settledRecords(world.house)
    const charged = records.reduce((sum, { usage }) => sum + (usage.totalTokens ?? 0), 0)
    assert.ok(charged <= billed(), `${charged} charged, ${billed()} billed`)
    return charged === billed() ? true : null
  })
  const { data } = await client.conversations.items.list(conversation, { order: 'asc' })
  assert.deepEqual(
    data.map(item => item.type),
    ['message', 'reasoning', 'message'],
  )
})
