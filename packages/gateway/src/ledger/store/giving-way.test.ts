import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GivingWay } from './giving-way.ts'

/** A thread that writes, and a store that loads when it is told. Time passes as the test says. */
function threadThatWrites({ busy = 1 } = {}) {
  const shared = new SharedArrayBuffer(8)
  const loaded = new BigInt64Array(shared)
  const left: number[] = []
  let nowMs = 0
  let position = 0
  const givingWay = new GivingWay({
    loaded: shared,
    now: () => nowMs,
    busy: () => busy,
    leave(ms) {
      left.push(ms)
      nowMs += ms
    },
  })
  return {
    left,
    loadAll: () => void Atomics.store(loaded, 0, BigInt(position)),
    write(forMs: number, everyMs = 1) {
      for (const end = nowMs + forMs; nowMs < end; nowMs += everyMs) {
        position += 100
        givingWay.wrote(position)
      }
    },
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

test('a thread whose records are loaded within three seconds never leaves the core', () => {
  const thread = threadThatWrites()
  for (let second = 0; second < 60; second += 1) {
    thread.write(1_500)
    thread.loadAll()
  }
  assert.deepEqual(thread.left, [])
})

test('a thread whose records are late leaves a tenth of the core, then a fifth, until they are loaded', () => {
  const thread = threadThatWrites()
  thread.write(3_000)
  assert.deepEqual(thread.left, [])
  thread.write(1_000)
  const first = sum(thread.left)
  assert.ok(first > 80 && first < 140, `${first} ms of 1,000`)
  thread.write(10_000)
  thread.left.length = 0
  thread.write(1_000)
  const most = sum(thread.left)
  assert.ok(most > 180 && most <= 200, `${most} ms of 1,000`)
  thread.loadAll()
  thread.left.length = 0
  thread.write(2_900)
  assert.deepEqual(thread.left, [])
})

// Where the store is late for another reason, such as a slow disk, calls would wait for nothing.
test('a thread that often has nothing to do never leaves the core', () => {
  const thread = threadThatWrites({ busy: 0.8 })
  thread.write(30_000)
  assert.deepEqual(thread.left, [])
})

test('whatever is written and loaded, no wait is longer than 5 ms, and they are at most a fifth of the time', () => {
  const steps = fc.array(
    fc.record({ forMs: fc.nat(9_000), everyMs: fc.integer({ min: 1, max: 400 }), loads: fc.boolean() }),
  )
  fc.assert(
    fc.property(steps, plan => {
      const thread = threadThatWrites()
      for (const { forMs, everyMs, loads } of plan) {
        if (loads) thread.loadAll()
        thread.left.length = 0
        thread.write(forMs, everyMs)
        assert.ok(thread.left.every(ms => ms >= 2 && ms <= 5))
        assert.ok(sum(thread.left) <= forMs / 5 + 5, `${sum(thread.left)} ms of ${forMs}`)
      }
    }),
  )
})
