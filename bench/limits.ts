/**
 * What limits cost: one gateway process, called in turn as a workload with limits and as one without. Each round calls both (A B,
 * then B A), and what counts is the difference within a round: neighbours of the machine disturb both of them alike. Two
 * processes of the same program differ by more than limits cost (some 10 µs, whichever has the limits).
 */
import { spawnSync } from 'node:child_process'
import { startRedis } from '../test/support/redis.ts'
import type { PairsOrder, PairsResult } from './load.ts'
import { accountOf, type Bench, callsOnce, flawless, smallQuestion, type Watched } from './measure.ts'
import { median } from './quantiles.ts'
import type { Seat } from './seats.ts'

export interface AddedFigures {
  /** Median of the rounds, all threads, until everything is stored. */
  readonly cpuUsPerCall: number
  /** Beyond the gateway without limits: median of the differences within the rounds, µs per call. */
  readonly addedUs: number
  /** The calmest round of each against the other: neighbours only ever add to CPU time. */
  readonly addedLeastUs: number
  /** Where the true median lies with 95 % certainty, as far as the rounds tell. */
  readonly addedUsLow: number
  readonly addedUsHigh: number
  readonly addedMainThreadUs: number | null
  /** One call at a time, beyond the gateway without limits. */
  readonly addedP50Ms: number | null
  readonly addedP99Ms: number | null
  /** Added µs of each round. */
  readonly rounds: readonly number[]
}

export interface LimitsFigures {
  /** Of the first process. */
  readonly withoutCpuUsPerCall: number
  /** Per seat's name. */
  readonly added: Readonly<Record<string, AddedFigures>>
}

interface Round {
  readonly cpuUs: number
  readonly mainThreadUs: number | null
}

/** Null when a call went wrong with every seat; one with which a call went wrong is left out. */
export async function measureLimits(bench: Bench, seats: readonly Seat[]): Promise<LimitsFigures | null> {
  const added: Record<string, AddedFigures> = {}
  const without: number[] = []
  for (const seat of seats) {
    const { unlimited } = seat
    if (unlimited === null) throw new TypeError(`${seat.name} has no workload without limits`)
    const pair = await measurePair(bench, unlimited, seat)
    if (pair === null) continue
    without.push(pair.withoutUs)
    added[seat.name] = pair.added
  }
  const [withoutCpuUsPerCall] = without
  return withoutCpuUsPerCall === undefined ? null : { withoutCpuUsPerCall, added }
}

async function measurePair(
  bench: Bench,
  without: Seat,
  limited: Seat,
): Promise<{ readonly withoutUs: number; readonly added: AddedFigures } | null> {
  const { limitsRounds, limitsMs, callsMax } = bench.plan
  const bounds = { callsMax, durationMsMax: limitsMs }
  const rounds = new Map<Seat, Round[]>([
    [without, []],
    [limited, []],
  ])
  let isFlawless = true
  for (let round = 1; round <= limitsRounds; round++) {
    bench.say(`${limited.name}: round ${round} of ${limitsRounds}`)
    for (const seat of round % 2 === 0 ? [limited, without] : [without, limited]) {
      const watched = await callsOnce(bench, seat, bounds)
      isFlawless &&= flawless(watched.result)
      rounds.get(seat)?.push(perCall(watched))
    }
  }
  const latency = await measurePairs(bench, [without, limited])
  if (!isFlawless) return null
  const base = rounds.get(without) ?? []
  const addedMs = latency?.targets[1]?.addedMs ?? null
  return {
    withoutUs: median(base.map(round => round.cpuUs)),
    added: addedFigures(base, rounds.get(limited) ?? [], addedMs),
  }
}

function perCall({ cpuUs, mainThreadCpuUs, result }: Watched<{ answered: number }>): Round {
  return {
    cpuUs: cpuUs / result.answered,
    mainThreadUs: mainThreadCpuUs === null ? null : mainThreadCpuUs / result.answered,
  }
}

function addedFigures(
  without: readonly Round[],
  rounds: readonly Round[],
  latency: { readonly p50: number; readonly p99: number } | null,
): AddedFigures {
  const addedUs = rounds.map((round, index) => round.cpuUs - (without[index]?.cpuUs ?? 0))
  const mainUs = rounds.flatMap((round, index) => {
    const base = without[index]?.mainThreadUs
    return typeof base === 'number' && round.mainThreadUs !== null ? [round.mainThreadUs - base] : []
  })
  const [low, high] = medianBounds(addedUs)
  return {
    cpuUsPerCall: median(rounds.map(round => round.cpuUs)),
    addedUs: median(addedUs),
    addedLeastUs: least(rounds) - least(without),
    addedUsLow: low,
    addedUsHigh: high,
    addedMainThreadUs: mainUs.length === 0 ? null : median(mainUs),
    addedP50Ms: latency?.p50 ?? null,
    addedP99Ms: latency?.p99 ?? null,
    rounds: addedUs,
  }
}

function least(rounds: readonly Round[]): number {
  return Math.min(...rounds.map(round => round.cpuUs))
}

/** The order statistics between which the median lies with 95 % certainty, whatever the distribution; of few values the extremes. */
export function medianBounds(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((one, other) => one - other)
  const half = 0.98 * Math.sqrt(sorted.length)
  const low = Math.max(0, Math.floor(sorted.length / 2 - half))
  const high = Math.min(sorted.length - 1, Math.ceil(sorted.length / 2 + half) - 1)
  return [sorted[low] ?? Number.NaN, sorted[high] ?? Number.NaN]
}

/** Latency one call at a time, against the first seat. Null when a call went wrong. */
async function measurePairs(bench: Bench, seats: readonly Seat[]): Promise<PairsResult | null> {
  bench.say('limits: latency')
  const [{ pairs, warmUp }] = bench.plan.pairs
  const order: PairsOrder = { targets: seats.map(seat => seat.target), question: smallQuestion, pairs, warmUp }
  const result = await bench.load.ask<PairsResult>('pairs', order)
  seats.forEach((seat, index) => {
    const target = result.targets[index]
    if (target) accountOf(bench, seat.name).add(result.sent, target.answered, target.errors)
  })
  for (const seat of seats) await seat.settle()
  return result.targets.every(target => flawless({ ...target, sent: result.sent })) ? result : null
}

/** A Redis of the run's own, on the core of load and back end. Resolves with its URL. */
export async function redisOf(stack: AsyncDisposableStack, core: string | null): Promise<string> {
  const redis = await startRedis({ after: close => stack.defer(async () => void (await close())) })
  if (core !== null && redis.pid !== null) spawnSync('taskset', ['-apc', core, String(redis.pid)])
  return redis.url
}
