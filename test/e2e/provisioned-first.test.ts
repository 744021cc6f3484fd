/**
 * Provisioned first. A simulation in virtual time runs the gateway's own choice and lanes against the simulator's own
 * provisioned deployment, under a load that rises to 150 % of it and falls again; beside it, the same load if only a
 * 429 moves calls. Then once over real sockets.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { choose } from '../../packages/gateway/src/instances/choose.ts'
import type { Instance } from '../../packages/gateway/src/instances/index.ts'
import { testInstance, testPool } from '../../packages/gateway/src/instances/instance.fixture.ts'
import { candidatesFor, type Target } from '../../packages/gateway/src/instances/pool.ts'
import { AzureError } from '../../packages/simulator/src/azure/errors.ts'
import { limitsOf } from '../../packages/simulator/src/azure/limits/limits.ts'
import { startPool } from '../support/pool-world.ts'
import { settledRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'

/** Capacity of the provisioned deployment; below it, tokens of one call unless a test sets them. */
const tokensPerMinute = 600_000
const ordinaryTokens = 1_500

interface Phase {
  readonly name: string
  /** Share of the provisioned throughput. */
  readonly load: number
  readonly seconds: number
}

const phases: readonly Phase[] = [
  { name: 'low', load: 0.6, seconds: 60 },
  // Load above 100 % waits in the deployment, up to a minute's worth; then it refuses.
  { name: 'rising', load: 1.5, seconds: 120 },
  { name: 'high', load: 1.5, seconds: 300 },
  { name: 'fallen', load: 0.5, seconds: 120 },
]

interface Plan {
  readonly target: Target
  readonly attempts: number
  /** Seconds until a whole answer, with its head and its utilisation header, is there. */
  readonly answerSeconds: number
  readonly phases: readonly Phase[]
  readonly callTokens: number
}

interface Call {
  readonly atMs: number
  readonly phase: string
  servedBy: string | null
  refusedTries: number
}

/** Runs the load in virtual time: nothing really waits, and every run is the same. */
class Simulation {
  nowMs = 1_000_000
  readonly calls: Call[] = []
  readonly #plan: Plan
  readonly #limits = limitsOf({ model: 'gpt-4o', kind: 'provisioned', tokensPerMinute }, () => this.nowMs)
  #ends: { readonly atMs: number; readonly end: () => void }[] = []

  constructor(plan: Plan) {
    this.#plan = plan
  }

  run(): this {
    const { callTokens } = this.#plan
    for (const { name, load, seconds } of this.#plan.phases) {
      const everyMs = 60_000 / ((load * tokensPerMinute) / callTokens)
      const untilMs = this.nowMs + seconds * 1_000
      for (let atMs = this.nowMs; atMs < untilMs; atMs += everyMs) {
        this.#pass(atMs)
        this.#send(name)
      }
      this.#pass(untilMs)
    }
    return this
  }

  #pass(untilMs: number): void {
    const due = this.#ends.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)
    this.#ends = this.#ends.filter(({ atMs }) => atMs > untilMs)
    for (const { atMs, end } of due) {
      this.nowMs = atMs
      end()
    }
    this.nowMs = untilMs
  }

  #send(phase: string): void {
    const call: Call = { atMs: this.nowMs, phase, servedBy: null, refusedTries: 0 }
    this.calls.push(call)
    const { target, attempts } = this.#plan
    const candidates = candidatesFor(target, 'gpt-4o')
    assert.ok(candidates)
    const tried: Instance[] = []
    while (tried.length < attempts && call.servedBy === null) {
      const one = choose(target, candidates, { nowMs: this.nowMs, tried, prefixHash: -1 })
      if (one === null) return
      tried.push(one.instance)
      if (this.#serve(one.instance)) call.servedBy = one.instance.name
      else call.refusedTries += 1
    }
  }

  /** @returns false when it was refused. */
  #serve(instance: Instance): boolean {
    const lane = instance.lanes.get('gpt-4o')
    assert.ok(lane)
    const attempt = lane.begin(this.nowMs)
    const headers: Record<string, string> = {}
    const details = { operation: 'x', apiVersion: null, deployment: 'gpt-4o', model: 'gpt-4o', region: 'East US' }
    if (instance.name === 'ptu') {
      try {
        this.#limits?.take({ tokens: this.#plan.callTokens, details }, headers)
      } catch (error) {
        assert.ok(error instanceof AzureError)
        attempt.answered(429, { ...headers, ...error.headers }, this.nowMs)
        attempt.end(this.nowMs)
        return false
      }
    }
    // Alternately half and one and a half times as long, so that answers do not come in the order of the calls.
    const share = 0.5 + ((this.calls.length * 7) % 11) / 10
    this.#ends.push({
      atMs: this.nowMs + this.#plan.answerSeconds * 1_000 * share,
      end: () => {
        attempt.answered(200, headers, this.nowMs)
        attempt.end(this.nowMs)
      },
    })
    return true
  }
}

function simulate(
  member: { readonly spillAtUtilization?: number },
  more: Partial<Omit<Plan, 'target'>> = {},
): Simulation {
  const target = testPool([
    { instance: testInstance('ptu', [['gpt-4o', 'provisioned']]), ...member },
    { instance: testInstance('paygo'), priority: 2 },
  ])
  return new Simulation({ target, attempts: 3, answerSeconds: 4, callTokens: ordinaryTokens, phases, ...more }).run()
}

interface Figures {
  readonly calls: number
  readonly used: number
  readonly refusedTries: number
  readonly clients429: number
}

function figures({ calls }: Simulation, phase: Phase, callTokens = ordinaryTokens): Figures {
  const own = calls.filter(call => call.phase === phase.name)
  const served = own.filter(call => call.servedBy === 'ptu').length
  return {
    calls: own.length,
    used: (served * callTokens) / ((tokensPerMinute * phase.seconds) / 60),
    refusedTries: own.reduce((sum, call) => sum + call.refusedTries, 0),
    clients429: own.filter(call => call.servedBy === null).length,
  }
}

/** Seconds from the fall of the load until the last call that was served by another instance. */
function backAfter({ calls }: Simulation): number {
  const fallen = calls.filter(call => call.phase === 'fallen')
  const away = fallen.findLast(call => call.servedBy !== 'ptu')
  return away === undefined ? 0 : (away.atMs - (fallen[0]?.atMs ?? 0)) / 1_000
}

function show(t: TestContext, rows: readonly (readonly [string, Simulation])[]): void {
  const line = (cells: readonly (string | number)[]): void =>
    t.diagnostic(cells.map((cell, at) => (at === 0 ? String(cell).padEnd(26) : String(cell).padStart(11))).join(''))
  line(['', 'load', 'calls', 'PTU used', '429 tries', '429 seen', 'back after'])
  for (const [name, simulation] of rows) {
    for (const phase of phases) {
      const { calls, used, refusedTries, clients429 } = figures(simulation, phase)
      const back = phase.name === 'fallen' ? `${backAfter(simulation).toFixed(1)} s` : ''
      const share = `${(used * 100).toFixed(1)} %`
      line([name, `${(phase.load * 100).toFixed(0)} %`, calls, share, refusedTries, clients429, back])
    }
  }
}

const high = phases[2] as Phase

// Provisioned capacity is paid by the hour: each call served elsewhere is paid twice, and each 429 is a failed call for
// a client.
test('provisioned first: no client sees a 429, the PTU is used to 95 %, and calls come back within 10 s', t => {
  const spilling = simulate({ spillAtUtilization: 0.9 })
  const fallback = simulate({})
  const neither = simulate({}, { attempts: 1 })
  show(t, [
    ['spill at 90 %', spilling],
    ['a 429, then another member', fallback],
    ['a 429, and no other', neither],
  ])
  let worst = 0
  for (const phase of phases) {
    const { clients429, refusedTries } = figures(spilling, phase)
    assert.deepEqual([clients429, refusedTries], [0, 0], phase.name)
  }
  assert.ok(figures(spilling, high).used >= 0.95, `used ${figures(spilling, high).used}`)
  for (let seconds = 300; seconds < 330; seconds += 1.5) {
    const longer = phases.map(phase => (phase === high ? { ...phase, seconds } : phase))
    const back = backAfter(simulate({ spillAtUtilization: 0.9 }, { phases: longer }))
    worst = Math.max(worst, back)
  }
  t.diagnostic(`back after ${worst.toFixed(1)} s at most, whenever the load falls`)
  assert.ok(worst <= 10)
  assert.ok(
    figures(fallback, high).refusedTries > 0,
    'without the mark, calls are refused before they are sent to another instance',
  )
  assert.ok(figures(neither, high).clients429 > 0, 'and without another attempt clients see it')
})

test('provisioned first: whether answers take a fifth of a second or ten, and with a load that jumps to twice the capacity', () => {
  const leap: readonly Phase[] = [
    { name: 'low', load: 0.5, seconds: 60 },
    { name: 'high', load: 2, seconds: 300 },
    { name: 'fallen', load: 0.4, seconds: 120 },
  ]
  for (const answerSeconds of [0.2, 1, 4, 10]) {
    const simulation = simulate({ spillAtUtilization: 0.85 }, { answerSeconds, phases: leap })
    const { used, clients429 } = figures(simulation, { name: 'high', load: 2, seconds: 300 })
    assert.equal(clients429, 0)
    assert.ok(used >= 0.95, `${answerSeconds} s: used ${used}`)
    // The known utilisation is as old as an answer takes, also while it falls.
    assert.ok(
      backAfter(simulation) <= 10 + 1.5 * answerSeconds,
      `${answerSeconds} s: back after ${backAfter(simulation)} s`,
    )
  }
})

// At forty calls a minute, one trial call a second would be more than all of them.
test('provisioned first: a deployment of forty calls a minute is used as well, and not flooded by trial calls', () => {
  const simulation = simulate({ spillAtUtilization: 0.8 }, { callTokens: 15_000 })
  const { used, clients429, refusedTries } = figures(simulation, high, 15_000)
  assert.deepEqual([clients429, refusedTries], [0, 0])
  assert.ok(used >= 0.95, `used ${used}`)
})

test('provisioned first, over sockets: calls move before a 429, and come back when the deployment has drained', async t => {
  const pool = await startPool(t, {
    count: 2,
    deployments: at => ({
      'gpt-4o':
        at === 0
          ? { model: 'gpt-4o', kind: 'provisioned', tokensPerMinute: 30_000, burstSeconds: 2 }
          : { model: 'gpt-4o' },
    }),
    members: ([ptu = '', paygo = '']) => [
      { instance: ptu, spillAtUtilization: 0.5 },
      { instance: paygo, priority: 2 },
    ],
  })
  const isSpilling = (): boolean =>
    pool.world.house.instanceStates().some(({ lanes }) => lanes.some(one => one.spilling))
  await eventually('it spills', async () => ((await pool.chat()).status === 200 && isSpilling() ? true : null))
  const away = pool.instances[1]?.bill().length ?? 0
  await eventually('calls go elsewhere', async () => {
    await pool.chat()
    return (pool.instances[1]?.bill().length ?? 0) > away ? true : null
  })
  await eventually('calls come back', async () => {
    await new Promise(resolve => setTimeout(resolve, 50))
    await pool.chat()
    return isSpilling() ? null : true
  })
  const records = await settledRecords(pool.world.house)
  assert.ok(
    records.every(record => record.status === 200 && record.attempts.length === 1),
    'no attempt was refused',
  )
})
