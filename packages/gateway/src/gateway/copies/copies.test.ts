// Copies over real connections: what is copied, what is recorded, and that the client's call never notices.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { LedgerError } from '../../ledger/index.ts'
import type { Closed, Opened } from '../../ledger/record.ts'
import { logTo } from '../../log.fixture.ts'
import { sampleConfig } from '../exchange.fixture.ts'
import type { Admitted } from '../exchange.ts'
import type { CopyParts, CopySender } from '../parts.ts'
import type { ReceivedRequest } from '../stages/4-receive/request.ts'
import { type Answer, callThrough, planWith } from '../stages/7-dispatch/admitted.fixture.ts'
import { Unseen } from '../stages/9-record/unseen.ts'
import { Copies } from './index.ts'

const usage = '{"model":"gpt-4o","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'

interface CopyWorld {
  readonly copies: Copies
  readonly opened: Opened[]
  readonly closed: Closed[]
  readonly events: string[]
  /** Calls that members got, by name. */
  readonly seen: string[]
  /** Runs one client's call, during which `use` may copy it. */
  during<T>(use: (sender: CopySender, exchange: Admitted) => T, asked?: Partial<ReceivedRequest>): Promise<T>
}

interface CopyOptions {
  readonly answer?: Answer
  readonly random?: number
  readonly waiting?: number
  readonly journalFails?: boolean
  readonly totalMs?: number
}

async function copyWorld(t: TestContext, options: CopyOptions = {}): Promise<CopyWorld> {
  const { random = 0, waiting = 0, journalFails = false, totalMs = 30_000 } = options
  const [opened, closed, events, seen]: [Opened[], Closed[], string[], string[]] = [[], [], [], []]
  const answerAs =
    (name: string): Answer =>
    (request, response, body) => {
      seen.push(`${name} ${request.headers['x-gatehouse-request-id']} ${body}`)
      if (options.answer !== undefined) options.answer(request, response, body)
      else response.writeHead(200, { 'content-type': 'application/json' }).end(usage)
    }
  const workload = { shadow: { 'gpt-4o': { deployment: 'gpt-4o', percent: 50 } } }
  const plan = await planWith(t, { one: answerAs('one'), two: answerAs('two') }, { workload })
  const parts = {
    journal: {
      open: async (half: Opened) => {
        if (journalFails) throw new LedgerError('ledger_unwritable', 'the disk is full')
        opened.push(half)
      },
      close: async (half: Closed) => closed.push(half),
    },
    limits: {
      line: { length: waiting },
      meets: () => null,
      weighTokens: () => 0,
      learned: () => ({ promptTokens: () => 5, completionTokens: () => 9 }),
    },
    counter: { count: async () => ({ promptTokens: 3, completionTokens: 0 }) },
    prices: { priceOf: () => null, unpriced: () => {}, currency: 'EUR' },
    guards: { unseen: new Unseen(sampleConfig) },
    log: logTo(({ event }) => events.push(event)),
    ...{ clock: Date.now, totalMs, continueUnrecorded: false, ended: [], lost: () => events.push('lost') },
  } as unknown as CopyParts
  const ids = ['copy-1', 'copy-2']
  const copies = new Copies({ newId: () => ids.shift() ?? 'copy-n', random: () => random })
  const { copies: sender } = copies.into(parts)
  const path = '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'
  const ordinary = { deployment: 'gpt-4o', requestedModel: 'gpt-4o', send: Buffer.from('{"messages":[]}') }
  return {
    ...{ copies, opened, closed, events, seen },
    async during(use, asked = {}) {
      const asking = { method: 'POST', path, asked: { ...ordinary, ...asked } }
      const { result } = await callThrough(t, plan, asking, async exchange => {
        const found = await use(sender, exchange)
        exchange.call.res?.end()
        return found
      })
      return result
    },
  }
}

test('a shadow has an id and a record of its own, which names the call that it copies', async t => {
  const world = await copyWorld(t)
  await world.during((sender, exchange) => sender.shadow(exchange))
  await world.copies.settled()
  assert.deepEqual(world.seen, ['one copy-1 {"messages":[]}'])
  assert.deepEqual(
    world.opened.map(({ id, copyOf, copyKind, instance }) => [id, copyOf, copyKind, instance]),
    [['copy-1', 'call-1', 'shadow', 'one']],
  )
  const [record] = world.closed
  assert.deepEqual(
    [record?.id, record?.outcome, record?.status, record?.usage.totalTokens],
    ['copy-1', 'completed', 200, 7],
  )
})

test('a hedge goes to another member and returns its answer before its record is written', async t => {
  const world = await copyWorld(t)
  const answer = await world.during((sender, exchange) => {
    const one = exchange.grant.target.members.find(({ instance }) => instance.name === 'one')
    assert.ok(one)
    return sender.hedge(exchange, [one.instance])
  })
  assert.deepEqual([answer?.status, answer?.body.join('')], [200, usage])
  await world.copies.settled()
  assert.deepEqual(world.seen, ['two copy-1 {"messages":[]}'])
  assert.equal(world.closed[0]?.instance, 'two')
})

// What a copy stores would belong to nobody, and a file that is read twice is half a file.
test('calls that use or create stored objects, uploads, and calls beyond the share are not copied', async t => {
  const reference = {
    kind: 'response',
    id: 'resp_1',
    echoed: false,
  } as unknown as ReceivedRequest['references'][number]
  for (const asked of [{ keeps: 'response' as const }, { references: [reference] }, { send: 'upload' as const }]) {
    const world = await copyWorld(t)
    await world.during((sender, exchange) => sender.shadow(exchange), asked)
    await world.copies.settled()
    assert.deepEqual(world.seen, [])
  }
  const beyond = await copyWorld(t, { random: 0.5 })
  await beyond.during((sender, exchange) => sender.shadow(exchange))
  await beyond.copies.settled()
  assert.deepEqual(beyond.seen, [])
})

test('a copy takes no room that a waiting call could use', async t => {
  const world = await copyWorld(t, { waiting: 1 })
  assert.equal(await world.during((sender, exchange) => sender.hedge(exchange, [])), null)
  assert.deepEqual(world.seen, [])
})

test('a copy that fails is recorded as failed, and gives the client nothing', async t => {
  const world = await copyWorld(t, { answer: request => request.socket.destroy() })
  assert.equal(await world.during((sender, exchange) => sender.hedge(exchange, [])), null)
  await world.copies.settled()
  assert.deepEqual([world.closed[0]?.outcome, world.closed[0]?.outcomeCode], ['failed', 'backend_broke'])
  assert.deepEqual(world.events, ['backend_failed'])
})

test('an error is recorded, and gives the client nothing', async t => {
  const world = await copyWorld(t, { answer: (_request, response) => response.writeHead(429).end('{}') })
  assert.equal(await world.during((sender, exchange) => sender.hedge(exchange, [])), null)
  await world.copies.settled()
  assert.deepEqual([world.closed[0]?.status, world.closed[0]?.usage.source], [429, 'none'])
})

test('a copy without a record is not sent', async t => {
  const world = await copyWorld(t, { journalFails: true })
  assert.equal(await world.during((sender, exchange) => sender.hedge(exchange, [])), null)
  await world.copies.settled()
  assert.deepEqual([world.seen, world.closed], [[], []])
})

// A stop must not leave a copy that is billed and recorded nowhere.
test('a stop gives up copies in flight, records them, and starts no more', async t => {
  const { promise: arrived, resolve } = Promise.withResolvers<void>()
  const world = await copyWorld(t, { answer: () => resolve() })
  const hedge = await world.during((sender, exchange) => {
    const answer = sender.hedge(exchange, [])
    return { answer }
  })
  await arrived
  await world.copies.close()
  assert.equal(await hedge.answer, null)
  assert.deepEqual([world.closed[0]?.outcome, world.closed[0]?.outcomeCode], ['failed', 'shutdown'])
  assert.equal(await world.during((sender, exchange) => sender.hedge(exchange, [])), null)
  assert.equal(world.seen.length, 1)
})

test('a copy that takes too long ends, and is charged at its bound', async t => {
  const world = await copyWorld(t, { answer: () => {}, totalMs: 30 })
  assert.equal(await world.during((sender, exchange) => sender.hedge(exchange, [])), null)
  await world.copies.settled()
  assert.equal(world.closed[0]?.outcomeCode, 'total_timeout')
})
