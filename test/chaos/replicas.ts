/**
 * Limits across replicas, at length: `node test/chaos/replicas.ts [--seconds 60] [--callers 200] [--replicas 4]`. One
 * run without an outage, then one for each `whenStoreIsDown` and way in which Redis comes back. Exit code 1 when a
 * limit did not hold, or was not used.
 */
import { parseArgs } from 'node:util'
import { claim } from '../../packages/gateway/src/limits/counting/claim.fixture.ts'
import { startReplica } from '../../packages/gateway/src/limits/redis/redis.fixture.ts'
import { startRedis } from '../support/redis.ts'
import type { Scope } from '../support/world.ts'
import { judge, type Load, loadFleet, startFleet, stopFleet, type WhenDown } from './fleet.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    callers: { type: 'string', default: '200' },
    replicas: { type: 'string', default: '4' },
  },
})
const seconds = Number(values.seconds)
const callers = Number(values.callers)
const replicas = Number(values.replicas)
const callsPerSecond = 150
/** Two thirds of the demand in a minute, or in a shorter run. */
const tokensPerMinute = Math.round((callsPerSecond * Math.min(seconds, 60) * 72) / 1.5)

/** One call after the other, of two limits, by a process that does nothing else. */
async function roundTrips(): Promise<string> {
  const closers: (() => unknown)[] = []
  const scope: Scope = { after: close => closers.push(close) }
  try {
    const { counters } = await startReplica(scope, await startRedis(scope))
    const claims = [claim(counters, 'a', 'tokensPerMinute', 1e12), claim(counters, 'a', 'requestsPerMinute', 1e12)]
    const ms: number[] = []
    for (let calls = 0; calls < 6_000; calls += 1) {
      const began = performance.now()
      const { reservation: taken } = await counters.reserve(claims, { tokens: 10, costNano: 0 })
      // The first ones include compilation.
      if (calls >= 1_000) ms.push(performance.now() - began)
      if (taken !== null) counters.settle(taken, { tokens: 8, costNano: 0, calls: 1 })
    }
    ms.sort((a, b) => a - b)
    const at = (share: number): string => (ms[Math.floor(ms.length * share)] ?? 0).toFixed(2)
    return `reserving without calls: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

const runs: readonly (readonly [WhenDown, boolean, boolean])[] = [
  ['local', false, false],
  ['refuse', true, false],
  ['refuse', true, true],
  ['local', true, false],
  ['local', true, true],
  ['allow', true, false],
  ['allow', true, true],
]
process.stdout.write(`${await roundTrips()}\n`)
process.stdout.write(
  `${replicas} gateways, ${callers} callers, ${seconds} s each, ${tokensPerMinute} tokens per minute\n` +
    'whenStoreIsDown  Redis              most  used  allowed  admitted  refused  CPU/call  Redis p50/p99  others\n',
)
for (const [whenDown, withOutage, keepsData] of runs) {
  const closers: (() => unknown)[] = []
  const scope: Scope = { after: close => closers.push(close) }
  try {
    const fleet = await startFleet(scope, tokensPerMinute, { whenDown, keepsData, replicas })
    const forAnswers = callsPerSecond * Math.min(3, seconds / 10)
    const outage = { outage: { afterCalls: tokensPerMinute / 72 / 3, forAnswers } }
    const load: Load = { callers, callsPerSecond, seconds, ...(withOutage ? outage : {}) }
    const { admitted, refused, others, withoutCause, cpuMicros, storeAnswers } = await loadFleet(fleet, load)
    const { most, used, allowed } = judge(admitted, tokensPerMinute)
    const how = !withOutage ? 'stays' : keepsData ? 'back with data' : 'back empty'
    process.stdout.write(
      `${[
        whenDown.padEnd(15),
        how.padEnd(15),
        `${(most * 100).toFixed(1)} %`.padStart(7),
        `${(used * 100).toFixed(1)} %`.padStart(8),
        String(allowed).padStart(7),
        String(admitted.length).padStart(8),
        String(refused).padStart(7),
        `${cpuMicros.toFixed(0)} µs`.padStart(8),
        `≤ ${storeAnswers.p50Ms}/${storeAnswers.p99Ms} ms`.padStart(13),
        JSON.stringify(others),
      ].join('  ')}\n`,
    )
    if (most > 1.01 || used < 0.97 || withoutCause > 0) process.exitCode = 1
    await stopFleet(fleet)
  } finally {
    for (const close of closers.reverse()) await close()
  }
}
