import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { noiseOf, seedOfRun } from '../../../../test/support/random.ts'
import { createTokenCounter, type TokenCounter, type TokenCounterOptions, type TokenJob } from './index.ts'

const utf8 = new TextEncoder()

function chatJob(request: string, response: string, stream = false): TokenJob {
  return {
    model: 'gpt-4o',
    operation: 'chat/completions',
    requestBody: [utf8.encode(request)],
    responseBody: [utf8.encode(response)],
    stream,
  }
}

const question = JSON.stringify({ messages: [{ role: 'user', content: 'hello world' }] })
const answer = JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: 'hello world' } }] })
const counted = { promptTokens: 9, completionTokens: 2 }

async function withCounter(options: TokenCounterOptions, use: (counter: TokenCounter) => Promise<void>): Promise<void> {
  const counter = createTokenCounter(options)
  try {
    await use(counter)
  } finally {
    await counter.close()
  }
}

// Where a backend reports no usage, the counted tokens are billed. A wrong figure is a wrong bill.
test('a request and its answer are counted as OpenAI documents', () =>
  withCounter({}, async counter => {
    assert.deepEqual(await counter.count(chatJob(question, answer)), counted)
  }))

// Chunks arrive as views on shared pools. Counting the pool instead of the view would count the text of other callers.
test('bodies in many chunks, as views on a larger buffer, are counted as one', () =>
  withCounter({}, async counter => {
    const pool = Buffer.from(`xxxx${answer}yyyy`)
    const chunks = [pool.subarray(4, 20), pool.subarray(20, 4 + answer.length)]
    assert.deepEqual(await counter.count({ ...chatJob(question, ''), responseBody: chunks }), counted)
    assert.equal(pool.byteLength, answer.length + 8, 'the pool was not transferred')
  }))

// Clients disconnect at any byte. A count that throws on half a body would lose the record of the call.
test('cut, empty, binary and foreign bodies are counted as far as they can be read, without rejecting', () =>
  withCounter({}, async counter => {
    const cut = await counter.count(chatJob(question.slice(0, -3), answer.slice(0, -3)))
    assert.deepEqual(cut, counted, 'cut after the text')
    const stream = 'data: {"choices":[{"index":0,"delta":{"content":"hello"}}]}\n\ndata: {"choices":[{"ind'
    assert.deepEqual(await counter.count(chatJob('', stream, true)), { promptTokens: null, completionTokens: 1 })
    assert.deepEqual(await counter.count(chatJob('\u0000\ufffd--boundary', 'null')), {
      promptTokens: null,
      completionTokens: null,
    })
    const nested = '['.repeat(200_000)
    assert.deepEqual(await counter.count(chatJob(nested, nested)), { promptTokens: null, completionTokens: null })
    const image = { ...chatJob(question, answer), operation: 'images/generations' }
    assert.deepEqual(await counter.count(image), { promptTokens: null, completionTokens: null })
  }))

// One hostile prompt must not stop the counting for other calls. 20 MB are too few to load an encoding, so the thread
// really dies.
test('a thread that runs out of memory loses only its own job', () =>
  withCounter({ heapMbMax: 20 }, async counter => {
    const ofNumbers = { ...chatJob('{"input":[1,2,3]}', ''), operation: 'embeddings' }
    const [before, lost, after] = await Promise.all([
      counter.count(ofNumbers),
      counter.count(chatJob(question, answer)),
      counter.count(ofNumbers),
    ])
    assert.deepEqual(before, { promptTokens: 3, completionTokens: null })
    assert.deepEqual(lost, { promptTokens: null, completionTokens: null })
    assert.deepEqual(after, before)
  }))

// The same holds for a prompt that takes too long: 24 million letters without repetition take a minute on a slow
// machine, and more than 3 s on any.
test('a job that takes too long is dropped and the next one is counted', () =>
  withCounter({ jobMsMax: 3_000 }, async counter => {
    assert.deepEqual(await counter.count(chatJob(question, answer)), counted)
    const letters = noiseOf(seedOfRun(), 24_000_000).map(byte => 97 + (byte % 26))
    const slow = [utf8.encode('{"messages":[{"role":"user","content":"'), letters, utf8.encode('"}]}')]
    const asked = performance.now()
    const given = await counter.count({ ...chatJob('', answer), requestBody: slow })
    assert.deepEqual(given, { promptTokens: null, completionTokens: null })
    assert.ok(performance.now() - asked > 2_990, 'dropped after its time, not because the thread died')
    assert.deepEqual(await counter.count(chatJob(question, answer)), counted)
  }))

// If the thread never ended, a process would keep 65 MB after a single disconnect.
test('an idle thread ends, and a later job starts another one', () =>
  withCounter({ idleMs: 0 }, async counter => {
    const threads: Worker[] = []
    const watch = (message: unknown): void => {
      if (typeof message === 'object' && message && 'worker' in message) threads.push(message.worker as Worker)
    }
    subscribe('worker_threads', watch)
    try {
      assert.deepEqual(await counter.count(chatJob(question, answer)), counted)
      assert.equal(threads.length, 1)
      if (threads[0] && threads[0].threadId !== -1) await once(threads[0], 'exit')
      assert.deepEqual(await counter.count(chatJob(question, answer)), counted)
      assert.equal(threads.length, 2)
    } finally {
      unsubscribe('worker_threads', watch)
    }
  }))

// At shutdown, the last records still wait for their figures.
test('closing waits for earlier jobs and resolves later ones with null figures', async () => {
  const counter = createTokenCounter()
  const asked = [1, 2, 3].map(() => counter.count(chatJob(question, answer)))
  await counter.close()
  assert.deepEqual(await Promise.all(asked), [counted, counted, counted])
  assert.deepEqual(await counter.count(chatJob(question, answer)), { promptTokens: null, completionTokens: null })
})
