import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { holdStreams, runCalls, runPairs, runStreams } from './load.ts'
import { answerBody, expectedAnswer } from './questions.ts'
import { chatPath } from './seats.ts'
import { startUpstream } from './upstream.ts'

const question = { questionBytes: 300, answerBytes: 800, chunks: 0, paceMs: 0 }
const streamed = { ...question, chunks: 25, paceMs: 1 }

async function backEnd(t: TestContext): Promise<{ url: string; headers: Record<string, string> }> {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  return { url: upstream.url + chatPath, headers: {} }
}

async function serving(
  t: TestContext,
  listener: RequestListener,
): Promise<{ url: string; headers: Record<string, string> }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  const address = server.address()
  assert.ok(address !== null && typeof address !== 'string')
  return { url: `http://127.0.0.1:${address.port}${chatPath}`, headers: {} }
}

const bounds = { connections: 4, callsMax: 40, durationMsMax: 20_000 }

// The figures are divided by these numbers, so they must be exact.
test('calls are counted exactly and end at their bound', async t => {
  const result = await runCalls({ target: await backEnd(t), question, ...bounds })
  assert.deepEqual([result.sent, result.answered, result.errors], [40, 40, {}])
  assert.equal(result.latencyMs?.count, 40)
})

test('streams are counted with their events, chunks and times', async t => {
  const target = await backEnd(t)
  const result = await runStreams({ target, question: streamed, connections: 10, spreadMs: 5 })
  assert.deepEqual([result.sent, result.answered, result.errors], [10, 10, {}])
  assert.equal(result.chunks, 10 * expectedAnswer(streamed).writes)
  assert.equal(result.firstEventMs?.count, 10)
})

test('held streams are all open at once and then end whole', async t => {
  const hold = holdStreams({ target: await backEnd(t), question: streamed, streams: 30, openingMax: 7 })
  await hold.opened
  assert.deepEqual(await hold.ended, { sent: 30, answered: 30, errors: {} })
})

test('pairs call every target equally often and compare each with the first', async t => {
  const [direct, other] = [await backEnd(t), await backEnd(t)]
  const { sent, targets } = await runPairs({ targets: [direct, other], question, pairs: 12, warmUp: 3 })
  assert.equal(sent, 15)
  assert.deepEqual(
    targets.map(target => [target.answered, target.errors, target.addedMs?.count]),
    [
      [15, {}, 12],
      [15, {}, 12],
    ],
  )
  assert.equal(targets[0]?.addedMs?.max, 0)
})

// A gateway that answers errors quickly, or cuts answers short, must not win the comparison.
test('a wrong status is counted as an error and never as an answer', async t => {
  const target = await serving(t, (request, response) => {
    request.resume().on('end', () => response.writeHead(429).end(answerBody(800)))
  })
  const result = await runCalls({ target, question, ...bounds })
  assert.deepEqual([result.sent, result.answered, result.errors], [40, 0, { status_429: 40 }])
})

test('a wrong length is counted as an error that names both lengths', async t => {
  const target = await serving(t, (request, response) => {
    request.resume().on('end', () => response.end(answerBody(799)))
  })
  const result = await runCalls({ target, question, ...bounds })
  assert.deepEqual(result.errors, { length_799_instead_of_800: 40 })
})

test('a server that cuts every connection ends the run, with its failures counted', async t => {
  const target = await serving(t, request => request.socket.destroy())
  const result = await runCalls({ target, question, ...bounds })
  assert.equal(result.answered, 0)
  assert.ok((result.errors.cut ?? 0) >= bounds.connections)
  const held = await holdStreams({ target, question: streamed, streams: 5, openingMax: 2 }).ended
  assert.deepEqual([held.answered, held.errors], [0, { cut: 5 }])
})

// A relay that loses the end of a stream, or an event in the middle, does not work.
test('a stream with an event too few is an error', async t => {
  const target = await serving(t, (request, response) => {
    const { bytes } = expectedAnswer(streamed)
    request.resume().on('end', () => response.end(`data: ${'x'.repeat(bytes - 8)}\n\n`))
  })
  const result = await runStreams({ target, question: streamed, connections: 2, spreadMs: 1 })
  assert.deepEqual([result.answered, result.errors], [0, { events_1_instead_of_28: 2 }])
})
