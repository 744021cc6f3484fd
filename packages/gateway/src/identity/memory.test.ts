import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestClock } from './authority.fixture.ts'
import { testCaller } from './caller.fixture.ts'
import type { TrustedKey } from './documents.ts'
import { CallerMemory } from './memory.ts'

const caller = testCaller({ tenantId: 't', objectId: 'o' })
const key = { id: 'k', modulus: 'n', exponent: 'e', withdrawn: false } as TrustedKey

// Without a bound, a day of sign-ins fills the memory of the process.
test('memory is bounded: the oldest entries are evicted first, and expired ones early', () => {
  const clock = new TestClock()
  const memory = new CallerMemory(3, clock.read)
  const untilMs = clock.nowMs + 1_000
  for (const digest of ['a', 'b', 'c', 'd']) memory.put(digest, { caller, untilMs, key })
  assert.equal(memory.size, 3)
  assert.equal(memory.get('a'), null)
  assert.equal(memory.get('d')?.caller, caller)
  memory.put('b', { caller, untilMs, key })
  memory.put('e', { caller, untilMs, key })
  assert.equal(memory.get('c'), null, 'what was put again counts as new')
  assert.equal(memory.get('b')?.caller, caller)
  clock.nowMs = untilMs
  memory.put('f', { caller, untilMs: untilMs + 1_000, key })
  assert.equal(memory.size, 1)
  assert.equal(memory.get('f')?.caller, caller)
})

test('memory does not answer for a withdrawn key', () => {
  const clock = new TestClock()
  const memory = new CallerMemory(3, clock.read)
  const withdrawn = { ...key }
  memory.put('a', { caller, untilMs: clock.nowMs + 1, key: withdrawn })
  withdrawn.withdrawn = true
  assert.equal(memory.get('a'), null)
  assert.equal(memory.size, 0)
})
