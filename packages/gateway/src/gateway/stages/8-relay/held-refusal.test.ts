import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerHead } from '../../backend/answer-head.ts'
import { HeldRefusal, NotLetIn } from './held-refusal.ts'

function held(status: number, retryAfterMs: number | null = null, isOwnTrouble = false): HeldRefusal {
  const headers = retryAfterMs === null ? {} : { 'retry-after-ms': String(retryAfterMs) }
  const one = new HeldRefusal(answerHead(status, headers), 1_000)
  one.isOwnTrouble = isOwnTrouble
  return one
}

// A client that gets the worse of two refusals waits for longer, or gives up.
test('refusals are ordered by how much they help: room soonest, then what passes by itself, then who must fix it', () => {
  const order = [
    held(429, 1_000),
    held(429, 5_000),
    held(429),
    held(503, 10),
    held(503),
    held(429, 1_000, true),
    held(404),
  ]
  for (const [at, one] of order.entries()) {
    assert.ok(one.isMoreUsefulThan(null))
    for (const other of order.slice(at + 1)) {
      assert.ok(one.isMoreUsefulThan(other), `${one.head.status} before ${other.head.status}`)
      assert.equal(other.isMoreUsefulThan(one), false)
    }
  }
  assert.equal(held(401, null, true).isMoreUsefulThan(held(404)), true)
  assert.equal(held(429).isMoreUsefulThan(held(429)), false, 'of two equal ones the first stays')
})

test('a body up to 64 KiB is held, and its error is parsed once', () => {
  const refusal = held(429)
  assert.ok(refusal.add(Buffer.from('{"error":{"code":"4')))
  assert.ok(refusal.add(Buffer.from('29","message":"slow down"}}')))
  assert.equal(refusal.body().toString(), '{"error":{"code":"429","message":"slow down"}}')
  const { error } = refusal
  assert.deepEqual([error.code, error.message], ['429', 'slow down'])
  assert.equal(refusal.error, error)
  assert.ok(refusal.add(Buffer.alloc(65_000)))
  assert.equal(refusal.add(Buffer.alloc(1_000)), false)
})

test('a body is overdue two seconds after the first look', () => {
  const refusal = held(503)
  assert.deepEqual(
    [refusal.isOverdue(50_000), refusal.isOverdue(51_999), refusal.isOverdue(52_000)],
    [false, false, true],
  )
})

// The code of an answer goes into a line of the log, which an answer must not forge.
test('only a short word of an answer becomes the code of an error', () => {
  assert.equal(new NotLetIn('PermissionDenied').code, 'PermissionDenied')
  for (const code of [null, '', 'two words', 'line\nfeed', 'x'.repeat(65)])
    assert.equal(new NotLetIn(code).code, 'none')
})
