import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { GivenUp } from '../../backend/failures.ts'
import { nothingAdded } from '../../backend/replay.ts'
import { ownCall } from '../../call.ts'
import { startMember } from './member.fixture.ts'
import { Unattended } from './unattended.ts'

async function ask(t: TestContext, answer: (response: ServerResponse) => void, answerMsMax = 30_000) {
  const { candidate, begin } = await startMember(t, (_request, response) => answer(response))
  const call = ownCall({ id: 'copy-1', startedAtMs: 0, method: 'POST', url: '/' })
  const request = { deployment: 'gpt-4o', json: null }
  const copy = new Unattended({ call, request, clock: Date.now, answerMsMax, observer: null })
  const relayed = copy.send({ method: 'POST', path: '/', body: '{}' }, candidate, begin(), nothingAdded)
  return { copy, relayed, candidate }
}

const usage = '{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'

test('the answer to a copy is observed, kept and usable', async t => {
  const { copy, relayed } = await ask(t, response =>
    response.writeHead(200, { 'content-type': 'application/json', 'x-ms-region': 'x' }).end(usage),
  )
  const report = await relayed
  assert.deepEqual([report.ending, report.status, report.learned.usage?.totalTokens], ['whole', 200, 7])
  const answer = copy.usable(report)
  assert.deepEqual([answer?.status, answer?.headers['x-ms-region'], answer?.body.join('')], [200, 'x', usage])
})

// A copy must not turn an error into a client's answer, nor ask a second member.
test('an error is the end of a copy, and no client can use it', async t => {
  for (const status of [400, 401, 429, 500]) {
    const { copy, relayed } = await ask(t, response => response.writeHead(status).end('{"error":{}}'))
    const report = await relayed
    assert.deepEqual([report.ending, report.status, report.attempts.length], ['whole', status, 1])
    assert.equal(copy.usable(report), null)
  }
})

test('a redirect is no answer that a client can use', async t => {
  const { copy, relayed } = await ask(t, response => response.writeHead(302, { location: '/else' }).end())
  const report = await relayed
  assert.deepEqual([report.ending, report.sentAtMs, copy.usable(report)], ['backend_redirected', null, null])
})

test('an answer that is too long is counted, but not kept for a client', async t => {
  const { copy, relayed } = await ask(t, response => response.writeHead(200).end(Buffer.alloc(9_000_000)))
  const report = await relayed
  assert.deepEqual([report.responseBytes, report.isKeptWhole, copy.usable(report)], [9_000_000, false, null])
})

test('a copy that takes too long, or is given up, ends with the reason and leaves nothing in flight', async t => {
  const slow = await ask(t, response => response.writeHead(200).write('{'), 30)
  assert.equal((await slow.relayed).ending, 'total_timeout')
  const stopped = await ask(t, () => {})
  stopped.copy.giveUp(new GivenUp('shutdown'))
  assert.equal((await stopped.relayed).ending, 'shutdown')
  assert.deepEqual([slow.candidate.lane.inFlight, stopped.candidate.lane.inFlight], [0, 0])
})
