/** Use of a limit when demand is above it: a limit that wastes room is as wrong as one that admits too much. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configOf, isLease, openTestLimits, spentOf } from './limits.fixture.ts'

interface PassedCall {
  readonly atMs: number
  readonly tokens: number
}

/** Random numbers from 0 to 1, the same ones from the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** 200 callers with exact estimates, each of which starts its next call as soon as one has ended. */
async function crowd(limit: number, minutes: number): Promise<readonly PassedCall[]> {
  const setup = await openTestLimits(configOf({ chat: { tokensPerMinute: limit } }))
  const random = randomFrom(7)
  const passed: PassedCall[] = []
  const startMs = setup.time.ms
  const inFlight: { readonly endMs: number; readonly end: () => void }[] = []
  for (let tick = 0; tick < minutes * 3_000; tick += 1) {
    setup.time.ms = startMs + tick * 20
    for (let at = inFlight.length - 1; at >= 0; at -= 1) {
      const one = inFlight[at]
      if (one === undefined || one.endMs > setup.time.ms) continue
      one.end()
      inFlight.splice(at, 1)
    }
    for (let caller = inFlight.length; caller < 200; caller += 1) {
      const tokens = 50 + Math.floor(random() * 400)
      const given = setup.take(tokens)
      if (!isLease(given)) break
      passed.push({ atMs: setup.time.ms, tokens })
      inFlight.push({ endMs: setup.time.ms + 200 + random() * 4_000, end: () => given.settle(spentOf(tokens)) })
    }
  }
  return passed
}

test('P7 when demand is above a limit, at least 97 % of the limit is used, and never more than all of it in a minute', async () => {
  const limit = 60_000
  const minutes = 10
  const passed = await crowd(limit, minutes)
  let within = 0
  let first = 0
  let most = 0
  for (const { atMs, tokens } of passed) {
    within += tokens
    for (; (passed[first]?.atMs ?? atMs) <= atMs - 60_000; first += 1) within -= passed[first]?.tokens ?? 0
    most = Math.max(most, within)
  }
  const share = passed.reduce((sum, one) => sum + one.tokens, 0) / (limit * minutes)
  assert.ok(most <= limit, `${most} in a minute`)
  assert.ok(share >= 0.97, `${share} of it used`)
})
