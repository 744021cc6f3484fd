import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { claim, utcCalendar } from '../counting/claim.fixture.ts'
import type { Claim, CounterStore, Reservation, ReserveResult, Used } from '../counting/counters.ts'
import { MemoryStore } from '../counting/memory.ts'
import { Moments } from '../counting/moments.ts'
import { type Replica, startRedis, startReplica } from './redis.fixture.ts'

const leaseExpiryMs = 40_000
/** Longest step of time: shorter than the expiry, so that no living replica is given up. */
const stepMs = 15_000
/** The clocks of the two replicas differ by 2 seconds. */
const clocksOffMs = [-1_000, 1_000]

const claims = (store: CounterStore, name: string): readonly Claim[] => [
  { ...claim(store, name, 'tokensPerMinute', 900), takes: false },
  claim(store, name, 'tokensPerMinute', 1_000),
  claim(store, name, 'requestsPerSecond', 3),
  claim(store, name, 'callsInFlight', 6),
  claim(store, name, 'tokensPerHour', 4_000),
  claim(store, name, 'costPerDay', 4_000_000_000_000_000),
  claim(store, `${name}-trial`, 'tokensPerMinute', 500, false),
]

type ModelStep =
  | { readonly do: 'reserve'; readonly at: 0 | 1; readonly tokens: number; readonly costNano: number }
  | { readonly do: 'settle'; readonly which: number; readonly used: Used }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'crash'; readonly at: 0 | 1 }

const at = fc.constantFrom<0 | 1>(0, 1)
const costNano = fc.integer({ min: 0, max: 1_000_000_000_000_001 })
const step: fc.Arbitrary<ModelStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('reserve'), at, tokens: fc.integer({ min: 0, max: 600 }), costNano }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('settle'),
      which: fc.nat(5),
      used: fc.record({ tokens: fc.nat(900), costNano, calls: fc.constantFrom<0 | 1>(0, 1) }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.oneof(fc.nat(600), fc.nat(20_000), fc.nat(150_000)) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash'), at }) },
)

interface OpenPair {
  readonly memory: Reservation
  readonly shared: Reservation
  readonly replica: Replica
}

/** The parts of a result that both stores have. */
function comparable({ reservation, shortage }: ReserveResult): unknown {
  if (reservation !== null) {
    const { tokens, requests, shadowed, state } = reservation
    return { tokens, requests, shadowed: shadowed.map(({ counter }) => counter.key), state }
  }
  if (shortage.kind === 'store') return shortage
  const { worst, full, ...rest } = shortage
  return { ...rest, worst: worst.counter.key, full: full.map(({ counter }) => counter.key) }
}

// A configuration must mean the same limits for one process and for several. This compares both stores step by step.
test('P7 replicas on Redis decide and count like one process in memory, also after expiry and crashes', async t => {
  const redis = await startRedis(t)
  // Far ahead of the machine's clock: Redis expires keys by its own clock, whatever time the scripts are given.
  let now = Date.UTC(2126, 10, 23, 22, 40)
  const expired: number[] = []
  const start = (offMs: number): Promise<Replica> =>
    startReplica(t, redis, { clock: () => now + offMs, serverClock: () => now, leaseExpiryMs })
  const replicas = [await start(clocksOffMs[0] ?? 0), await start(clocksOffMs[1] ?? 0)]
  let runs = 0
  let admitted = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
      runs += 1
      const memory = new MemoryStore(utcCalendar, new Moments(() => now))
      const name = `run ${runs}`
      const open: OpenPair[] = []
      const crashed: { readonly calls: OpenPair[]; readonly lastBeatMs: number }[] = []
      let lastBeatMs = now
      const beat = async (): Promise<void> => {
        for (const { counters } of replicas) await counters.beat()
        lastBeatMs = now
        for (const dead of crashed.splice(0)) {
          if (now <= dead.lastBeatMs + leaseExpiryMs) {
            crashed.push(dead)
            continue
          }
          expired.push(dead.calls.length)
          // Each heartbeat gives up one dead holder.
          for (let more = 0; more <= runs && more < 4; more += 1) await replicas[0]?.counters.beat()
          for (const { memory: one } of dead.calls) memory.settle(one, { tokens: 0, costNano: 0, calls: 0 })
        }
      }
      const wait = async (ms: number): Promise<void> => {
        for (let left = ms; left > 0; left -= stepMs) {
          now += Math.min(left, stepMs)
          await beat()
        }
      }
      const reserve = async (which: 0 | 1, tokens: number, costNano: number): Promise<void> => {
        const replica = replicas[which]
        if (replica === undefined) return
        const one = memory.reserve(claims(memory, name), { tokens, costNano })
        const other = await replica.counters.reserve(claims(replica.counters, name), { tokens, costNano })
        assert.deepEqual(comparable(other), comparable(one))
        if (one.reservation !== null && other.reservation !== null)
          open.push({ memory: one.reservation, shared: other.reservation, replica })
        if (one.reservation !== null) admitted += 1
        else refused += 1
      }
      const settle = async (which: number, used: Used): Promise<void> => {
        const [one] = open.splice(which % Math.max(1, open.length), 1)
        if (one === undefined) return
        memory.settle(one.memory, used)
        one.replica.counters.settle(one.shared, used)
        await one.replica.counters.flush()
      }
      await beat()
      for (const one of steps) {
        if (one.do === 'reserve') await reserve(one.at, one.tokens, one.costNano)
        else if (one.do === 'settle') await settle(one.which, one.used)
        else if (one.do === 'wait') await wait(one.ms)
        else {
          const gone = replicas[one.at]
          await gone?.crash()
          const calls = open.filter(({ replica }) => replica === gone)
          for (const call of calls) open.splice(open.indexOf(call), 1)
          crashed.push({ calls, lastBeatMs })
          replicas[one.at] = await start(clocksOffMs[one.at] ?? 0)
          await beat()
        }
        const mine = claims(memory, name).map(({ counter }) => counter)
        const own = replicas[0]?.counters ?? assert.fail()
        const theirs = claims(own, name).map(({ counter }) => counter)
        assert.deepEqual(await own.read(theirs), memory.read(mine))
      }
      while (open.length > 0) await settle(0, { tokens: 1, costNano: 1, calls: 1 })
      await wait(2 * leaseExpiryMs + stepMs)
      const left = claims(memory, name).map(({ counter }) => counter.own.reserved)
      assert.deepEqual(new Set(left), new Set([0]), 'nothing stays reserved')
      const own = replicas[1]?.counters ?? assert.fail()
      for (const reading of await own.read(claims(own, name).map(({ counter }) => counter))) {
        assert.equal(reading.reserved, 0)
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(admitted > 100 && refused > 100, `the property must see both: ${admitted} admitted, ${refused} refused`)
  assert.ok(
    expired.some(calls => calls > 0),
    'the property must see crashes with calls in flight',
  )
})
