import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { createTokenCounter } from '../tokens/index.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger } from './exchange.fixture.ts'
import type { LedgerOptions } from './open.ts'
import type { Opened, RecordRow } from './record.ts'

type JobCounter = LedgerOptions['counter']

/** Leaves one exchange open, as a killed process does. @returns its record after the next start. */
async function interruptedRecord(
  t: Parameters<typeof testLedger>[0],
  exchange: { readonly opened?: Partial<Opened>; readonly request: string; readonly response: readonly string[] },
  counter: JobCounter,
  over: Partial<LedgerOptions> = {},
): Promise<RecordRow | null> {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const id = newId()
  await first.journal.open(openedOf(id, exchange.opened ?? {}), [bytes(exchange.request)])
  for (const part of exchange.response) await first.journal.progress(id, 'response', [bytes(part)])
  await first.close()
  const second = await testLedger(t, directory, { counter, clock: () => 1_780_000_500_000, ...over })
  return second.row(id)
}

const neverCounts: JobCounter = {
  count: async () => assert.fail('nothing was to be counted'),
}
const request = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Say hello.' }] })
const event = (delta: object, usage: object | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', model: 'gpt-4o-2024-08-06', choices: usage === null ? [{ index: 0, delta, finish_reason: null }] : [], usage })}\n\n`

// After a crash, a call whose usage was already reported must not be charged by estimate.
test('an interrupted exchange keeps the usage that the backend had reported', async t => {
  const usage = {
    prompt_tokens: 11,
    completion_tokens: 2,
    total_tokens: 13,
    prompt_tokens_details: { cached_tokens: 8 },
  }
  const row = await interruptedRecord(
    t,
    { opened: { stream: true }, request, response: [event({ content: 'Hello' }), event({}, usage)] },
    neverCounts,
  )
  assert.equal(row?.outcome, 'interrupted')
  assert.equal(row?.outcomeCode, 'process_died')
  assert.equal(row?.usage.source, 'reported')
  assert.equal(row?.usage.promptTokens, 11)
  assert.equal(row?.usage.cachedTokens, 8)
  assert.equal(row?.usage.totalTokens, 13)
  assert.equal(row?.servedModel, 'gpt-4o-2024-08-06')
  assert.equal(row?.status, null)
})

// Otherwise killing the gateway would give free usage: the bill of such a call is not known.
test('an interrupted stream without reported usage is charged at least for what had come, and marked as bounded', async t => {
  const counter = createTokenCounter()
  t.after(() => counter.close())
  const row = await interruptedRecord(
    t,
    {
      opened: { stream: true },
      request,
      response: [event({ content: 'Hello' }), event({ content: ' there' }).slice(0, -9)],
    },
    counter,
  )
  assert.equal(row?.usage.source, 'bounded')
  assert.ok((row?.usage.promptTokens ?? 0) >= 8)
  assert.equal(row?.usage.completionTokens, 1_000, 'the tokens assumed of a call without a maximum')
  assert.equal(row?.usage.totalTokens, (row?.usage.promptTokens ?? 0) + (row?.usage.completionTokens ?? 0))
  assert.equal(row?.responseBytes, event({ content: 'Hello' }).length + event({ content: ' there' }).length - 9)
})

// Otherwise a process that is killed often spends money that no budget counts.
test('P7 an interrupted exchange costs what its tokens cost when it began', async t => {
  const asked: unknown[] = []
  const costOf: LedgerOptions['costOf'] = (usage, call) => {
    const { model } = call
    asked.push(call)
    return { nano: (usage.totalTokens ?? 0) * 1_000, currency: 'USD', price: `${model} 2026-05-01` }
  }
  const modelOf = (): string => 'gpt-4o'
  const opened = { deployment: 'chat', stream: true, copyOf: newId(), copyKind: 'hedge' } as const
  const usage = { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 }
  const row = await interruptedRecord(t, { opened, request, response: [event({}, usage)] }, neverCounts, {
    costOf,
    modelOf,
  })
  assert.deepEqual(row?.cost, { nano: 13_000, currency: 'USD', price: 'gpt-4o 2026-05-01' })
  assert.deepEqual(asked, [
    { servedModel: 'gpt-4o-2024-08-06', model: 'gpt-4o', startedAtMs: 1_780_000_000_000, tier: null },
  ])
  assert.deepEqual([row.copyOf, row.copyKind], [opened.copyOf, 'hedge'])
  const counter: JobCounter = { count: async () => ({ promptTokens: 7, completionTokens: 0 }) }
  const limited = JSON.stringify({ ...JSON.parse(request), max_tokens: 20, n: 2 })
  const bounded = await interruptedRecord(t, { opened, request: limited, response: [] }, counter, { costOf, modelOf })
  assert.deepEqual([bounded?.usage.source, bounded?.cost?.nano], ['bounded', 47_000])
  const several = JSON.stringify({ ...JSON.parse(request), n: 6 })
  const over = { costOf, modelOf, completionTokensAssumed: 100 }
  const sixfold = await interruptedRecord(t, { opened, request: several, response: [] }, counter, over)
  assert.deepEqual([sixfold?.usage.source, sixfold?.usage.completionTokens], ['bounded', 600])
})

// Each prompt of a list has answers of its own, and each is billed.
test('an interrupted completion of several prompts is charged the maximum of every one', async t => {
  const counter: JobCounter = { count: async () => ({ promptTokens: 29, completionTokens: 4 }) }
  const opened = { operation: 'completions', deployment: 'instruct' } as const
  const bounded = async (prompt: unknown, more: object): Promise<number | null | undefined> => {
    const body = JSON.stringify({ model: 'instruct', prompt, ...more })
    const over = { completionTokensAssumed: 100, modelOf: () => 'gpt-35-turbo-instruct' }
    const row = await interruptedRecord(t, { opened, request: body, response: [] }, counter, over)
    assert.equal(row?.usage.source, 'bounded')
    return row?.usage.completionTokens
  }
  assert.equal(await bounded(['a', 'b'], { max_tokens: 30 }), 60)
  assert.equal(await bounded([[1, 2], [3]], { max_tokens: 30, n: 3 }), 180)
  assert.equal(await bounded(['a', 'b', 'c'], {}), 300)
  assert.equal(await bounded([1, 2, 3], { max_tokens: 30 }), 30)
})

// The tier decides the price: a priority call that was interrupted cost more than its tokens would by default.
test('an interrupted exchange keeps the service tier that its answer names, and its price is that of the tier', async t => {
  const usage = { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 }
  const document = { id: 'c1', model: 'gpt-4o-2024-08-06', service_tier: 'priority', choices: [], usage }
  const response = { id: 'resp_1', model: 'gpt-4o', service_tier: 'flex', status: 'in_progress', output: [] }
  const costOf: LedgerOptions['costOf'] = (_, { tier }) => ({ nano: 1, currency: 'USD', price: `gpt-4o ${tier}` })
  const cases = [
    [{ stream: false }, JSON.stringify(document), 'priority'],
    [{ stream: true }, `data: ${JSON.stringify(document)}\n\n`, 'priority'],
    [
      { stream: true, operation: 'responses' },
      `event: response.created\ndata: ${JSON.stringify({ type: 'response.created', response })}\n\n`,
      'flex',
    ],
    [{ stream: true }, event({}, usage), null],
  ] as const
  const counter: JobCounter = { count: async () => ({ promptTokens: 1, completionTokens: 1 }) }
  for (const [opened, body, tier] of cases) {
    const row = await interruptedRecord(t, { opened, request, response: [body] }, counter, { costOf })
    assert.deepEqual([row?.serviceTier, row?.cost?.price], [tier, `gpt-4o ${tier}`])
  }
})

// The first event of a stream names the response. The client that read it may continue it, and no other client may.
test('an interrupted response can be looked up by its id, with its workload and instance', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const id = newId()
  const created = {
    type: 'response.created',
    response: { id: 'resp_cut', model: 'gpt-4o', status: 'in_progress', output: [] },
  }
  await first.journal.open(openedOf(id, { operation: 'responses', stream: true }), [bytes(request)])
  await first.journal.progress(id, 'response', [bytes(`event: response.created\ndata: ${JSON.stringify(created)}\n\n`)])
  await first.close()
  const second = await testLedger(t, directory)
  assert.deepEqual(
    await second.creatorsOf(['resp_cut']),
    new Map([['resp_cut', { workload: 'hr-bot', instance: 'east' }]]),
  )
})

// A list of files has no tokens. A figure there would be invented.
test('an interrupted exchange of an operation without tokens has no usage', async t => {
  const row = await interruptedRecord(
    t,
    { opened: { operation: 'files', deployment: null }, request: '', response: [] },
    neverCounts,
  )
  assert.equal(row?.outcome, 'interrupted')
  assert.equal(row?.usage.source, 'none')
  assert.equal(row?.usage.totalTokens, null)
})

// Bodies may contain anything. They must not keep the gateway from starting.
test('the gateway starts even when bodies are no JSON and the token counter fails', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const ids = [newId(), newId(), newId()]
  for (const id of ids) {
    await first.journal.open(openedOf(id, { stream: true }), [Buffer.from([0xff, 0, 0x7b])])
    await first.journal.progress(id, 'response', [bytes('data: {{{{\n\ndata: \u0000')])
  }
  await first.close()
  const log = keptLog()
  const second = await testLedger(t, directory, { log, counter: { count: () => Promise.reject(new Error('broken')) } })
  const { total } = await second.usage({ by: ['outcome'] })
  assert.equal(total.interrupted, ids.length, 'each still has its record')
})

// A process that is killed during recovery must neither lose an exchange nor record one twice.
test('P1 recovery that was interrupted continues at the next start', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const ids = Array.from({ length: 6 }, newId)
  for (const id of ids) await first.journal.open(openedOf(id), [bytes(request)])
  await first.close()

  const third = Promise.withResolvers<void>()
  let counted = 0
  const second = await testLedger(t, directory, {
    counter: {
      count: async () => {
        counted += 1
        if (counted === 3) third.resolve()
        return { promptTokens: 1, completionTokens: 0 }
      },
    },
  })
  // Closing stops the recovery after the current exchange.
  await third.promise
  await second.close()
  assert.ok(counted < ids.length, `${counted} were counted`)

  const last = await testLedger(t, directory)
  const { records } = await last.list({})
  assert.deepEqual(records.map(({ id }) => id).sort(), ids.sort())
  assert.ok(records.every(({ outcome }) => outcome === 'interrupted'))
})

// Calls must not wait for recovery: the gateway serves while old exchanges are being ended.
test('new exchanges are recorded while old ones are being recovered', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const old = newId()
  await first.journal.open(openedOf(old), [bytes(request)])
  await first.close()
  const gate = Promise.withResolvers<{ promptTokens: number; completionTokens: number }>()
  const second = await testLedger(t, directory, { counter: { count: () => gate.promise } })
  const id = newId()
  await second.journal.open(openedOf(id), [bytes('q')])
  await second.journal.close(closedOf(id), [bytes('a')])
  gate.resolve({ promptTokens: 5, completionTokens: 0 })
  // A question waits for the recovery, so that a reconciliation right after a start is complete.
  assert.equal((await second.usage({ by: ['outcome'] })).total.calls, 2)
})

const background = JSON.stringify({ model: 'gpt-5', background: true, input: 'Plan a week in Lisbon' })
const queued = { id: 'resp_1', status: 'queued', background: true, model: 'gpt-5' }
const begins: Partial<Opened> = { operation: 'responses', stream: true }

// The work continues at the instance. Without its id, its usage could never be looked up.
test('F2 an interrupted call that began background work is recorded as owed and names the object', async t => {
  const response = [
    `event: response.created\ndata: ${JSON.stringify({ type: 'response.created', response: queued })}\n\n`,
  ]
  const row = await interruptedRecord(t, { opened: begins, request: background, response }, neverCounts)
  assert.deepEqual([row?.outcome, row?.usage.source, row?.objectId, row?.cost], ['interrupted', 'owed', 'resp_1', null])
  const batch = await interruptedRecord(
    t,
    { opened: { operation: 'batches' }, request: '{}', response: ['{"id":"batch_1","status":"validating"'] },
    neverCounts,
  )
  assert.deepEqual([batch?.usage.source, batch?.objectId], ['owed', 'batch_1'])
})

// Killing the gateway before the id arrives must not make the work free.
test('F2 interrupted background work without an id is charged at the tokens assumed of such a call', async t => {
  const counter: JobCounter = { count: () => Promise.resolve({ promptTokens: 9, completionTokens: null }) }
  const over = { completionTokensAssumed: 700 }
  const row = await interruptedRecord(t, { opened: begins, request: background, response: [] }, counter, over)
  assert.deepEqual([row?.usage.source, row?.usage.promptTokens, row?.usage.completionTokens], ['bounded', 9, 700])
})
