/**
 * Faults of Redis while calls are in flight. A seed decides which calls run when; the test waits for events, never for
 * a time.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, randomOf, seedOfRun } from '../../../../../test/support/random.ts'
import { type TestRedis, tell } from '../../../../../test/support/redis.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { claim } from '../counting/claim.fixture.ts'
import type { Claim, Reservation } from '../counting/counters.ts'
import { type Replica, startRedis, startReplica } from './redis.fixture.ts'

const callsMin = 1_500
const callersPerReplica = 4
/** Calls that one caller has open at the same time, at most. */
const openMax = 8
const faults = ['kill', 'stop', 'freeze', 'flush', 'drop connections'] as const

interface Totals {
  tokens: number
  calls: number
  /** Calls that were reserved in Redis, and without it. */
  readonly states: Map<string, number>
}

/** Starts and ends calls on one replica, in an order that its own random numbers decide. */
class ChaosCaller {
  readonly #replica: Replica
  readonly #random: Random
  readonly #totals: Totals
  readonly #claims: readonly Claim[]
  readonly #open: Reservation[] = []

  constructor(replica: Replica, random: Random, totals: Totals) {
    const { counters } = replica
    this.#replica = replica
    this.#random = random
    this.#totals = totals
    this.#claims = [
      claim(counters, 'a', 'tokensPerMonth', 1e12),
      claim(counters, 'a', 'callsInFlight', 1e6),
      claim(counters, 'a', 'requestsPerMinute', 1e12),
    ]
  }

  /** Starts a call or ends one. */
  async step(): Promise<void> {
    const mustStart = this.#open.length === 0
    if (mustStart || (this.#open.length < openMax && this.#random.chance(0.5))) await this.#start()
    else this.#end(this.#random.below(this.#open.length))
    // Let the event loop run, as between real calls.
    await new Promise(resolve => setImmediate(resolve))
  }

  async #start(): Promise<void> {
    this.#totals.calls += 1
    const requested = { tokens: this.#random.below(50), costNano: 0 }
    const { reservation } = await this.#replica.counters.reserve(this.#claims, requested)
    assert.ok(reservation !== null, 'allow refuses no call')
    const { state } = reservation
    this.#totals.states.set(state, (this.#totals.states.get(state) ?? 0) + 1)
    this.#open.push(reservation)
  }

  #end(index: number): void {
    const [reservation] = this.#open.splice(index, 1)
    assert.ok(reservation !== undefined)
    const tokens = this.#random.below(80)
    this.#totals.tokens += tokens
    this.#replica.counters.settle(reservation, { tokens, costNano: 0, calls: 1 })
  }

  endAll(): void {
    while (this.#open.length > 0) this.#end(0)
  }
}

/**
 * Probability that a reply is lost; 0.2 for scripts that are not named. Reserving and settling are frequent, the others
 * run a few times in each return.
 */
const chances: Readonly<Record<string, number>> = { reserve: 0.02, settle: 0.02, book: 0.6, adopt: 0.5 }

/** Chooses replies that are lost after Redis has run the script. */
class LostReplies {
  readonly #random: Random
  #allowed = 0
  readonly scripts = new Set<string>()

  constructor(random: Random) {
    this.#random = random
  }

  /** At most so many more replies are lost. */
  allow(count: number): void {
    this.#allowed = count
  }

  takes(script: string): boolean {
    if (this.#allowed === 0 || !this.#random.chance(chances[script] ?? 0.2)) return false
    this.#allowed -= 1
    this.scripts.add(script)
    return true
  }
}

/**
 * All callers at once, for some steps each. `inTheMiddle` runs after about half of them, while calls are being
 * reserved.
 */
async function burst(
  callers: readonly ChaosCaller[],
  steps: number,
  inTheMiddle: () => Promise<void> = async () => {},
): Promise<void> {
  const middle = Promise.withResolvers<void>()
  let left = Math.ceil((callers.length * steps) / 2)
  const run = async (caller: ChaosCaller): Promise<void> => {
    for (let count = 0; count < steps; count += 1) {
      left -= 1
      if (left === 0) middle.resolve()
      await caller.step()
    }
  }
  await Promise.all([middle.promise.then(inTheMiddle), ...callers.map(run)])
}

async function begin(fault: (typeof faults)[number], redis: TestRedis, mayFlush: boolean): Promise<void> {
  if (fault === 'kill') await redis.kill()
  if (fault === 'stop') await redis.stop()
  if (fault === 'freeze') redis.freeze()
  if (fault === 'flush' && mayFlush) tell(redis.port, 'FLUSHALL')
  if (fault === 'drop connections') tell(redis.port, 'CLIENT', 'KILL', 'TYPE', 'normal')
}

async function end(redis: TestRedis): Promise<void> {
  redis.thaw()
  await redis.start()
}

// Any reply may be lost, at any point. Amounts that are not reported exceed the limit, amounts that are reported twice
// are taken from others, and reservations that leak are missing for ever.
for (const appendOnly of [true, false]) {
  const how = appendOnly ? 'keeps its data' : 'loses its data'
  test(`P7 whatever happens to a Redis that ${how}, every call is counted once and nothing stays reserved`, async t => {
    const seed = seedOfRun()
    t.diagnostic(`seed ${seed}`)
    const random = randomOf(seed)
    const redis = await startRedis(t, { appendOnly })
    const lost = new LostReplies(randomOf(seed + 1_000))
    const losesReply = (script: string): boolean => lost.takes(script)
    const start = (): Promise<Replica> => startReplica(t, redis, { whenDown: 'allow', timeoutMs: 100, losesReply })
    const replicas = await Promise.all([start(), start(), start()])
    const totals: Totals = { tokens: 0, calls: 0, states: new Map() }
    const callers = replicas.flatMap(replica =>
      Array.from(
        { length: callersPerReplica },
        (_, index) =>
          new ChaosCaller(replica, randomOf(seed + index * replicas.length + replicas.indexOf(replica)), totals),
      ),
    )
    const some = (): number => 5 + random.below(20)
    for (const fault of faults) {
      await burst(callers, some())
      await burst(callers, some(), () => begin(fault, redis, !appendOnly))
      for (let bursts = random.below(3); bursts > 0; bursts -= 1) await burst(callers, some())
      await burst(callers, some(), () => end(redis))
      // Not earlier: a frozen server would not answer the command that breaks the connections.
      lost.allow(1 + random.below(4))
      await eventually('the replicas are back', async () => {
        if (replicas.every(one => one.counters.state === 'ok')) return true
        // Calls go on while the replicas come back.
        await burst(callers, 2)
        return null
      })
      lost.allow(0)
    }
    while (totals.calls < callsMin) await burst(callers, some())
    for (const caller of callers) caller.endAll()
    const [one] = replicas
    assert.ok(one !== undefined)
    const { counters } = one
    const counted = ['tokensPerMonth', 'callsInFlight', 'requestsPerMinute'] as const
    let seen: unknown
    await eventually('everything is reported', async () => {
      // A connection may just have broken: then the next round flushes again.
      const flushed = await Promise.allSettled(replicas.map(replica => replica.counters.flush()))
      if (flushed.some(({ status }) => status === 'rejected')) return null
      const readings = await counters.read(counted.map(name => claim(counters, 'a', name, 1).counter))
      // When Redis does not answer in time, these are the replica's own figures.
      if (counters.state !== 'ok') return null
      seen = readings.map(({ used, reserved }) => [used, reserved])
      return tell(redis.port, 'KEYS', '*:leases:*') === '' ? true : null
    })
    assert.deepEqual(seen, [
      [totals.tokens, 0],
      [0, 0],
      [totals.calls, 0],
    ])
    t.diagnostic(`lost replies: ${[...lost.scripts].join(', ')}`)
    const { states } = totals
    assert.ok((states.get('ok') ?? 0) > 50 && (states.get('allow') ?? 0) > 50, `the test must see both: ${[...states]}`)
  })
}
