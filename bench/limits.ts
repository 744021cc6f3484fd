/**
 * The cost of limits: one gateway process, called alternately as a workload with limits and as one without. Two
 * processes of the same program differ by more than limits cost (some 10 µs, whichever has the limits).
 *
 * A round is four slices in random order, each of one call per connection (some 10 ms): two of the workload with limits
 * and two of the one without, so that either follows itself as often as the other does. Other load on a shared machine
 * makes all of them up to twice as slow, from time to time and for a while: what counts is the difference within a
 * round. It is reported for all rounds, and separately for those in which the machine was calm. One of the slices
 * without limits, the witness, decides which rounds are calm; in these only the other slice without limits is compared:
 * choosing rounds by the witness favours neither side.
 */
import { spawnSync } from 'node:child_process'
import { startRedis } from '../test/support/redis.ts'
import type { PairsOrder, PairsResult } from './load.ts'
import { accountOf, type Bench, flawless, sliceOnce, smallQuestion } from './measure.ts'
import { type Centre, centre, quantile } from './quantiles.ts'
import type { Seat } from './seats.ts'

export interface AddedFigures {
  /**
   * Main thread, µs per call, beyond the workload without limits. Over all rounds, like every figure that does not say
   * otherwise.
   */
  readonly addedUs: Centre
  /** The same while the machine was calm. */
  readonly addedWhenCalmUs: Centre
  /** The difference between the two slices without limits: if the method is right it is around 0. */
  readonly nothingUs: Centre
  /** The same for all other threads. */
  readonly addedElsewhereUs: Centre
  /** Main thread, µs per call without limits. */
  readonly withoutUs: Centre
  readonly withoutWhenCalmUs: Centre
  /** One call at a time, beyond the workload without limits. */
  readonly addedP50Ms: number | null
  readonly addedP99Ms: number | null
}

export interface LimitsFigures {
  /** By the seat's name. */
  readonly added: Readonly<Record<string, AddedFigures>>
}

/** CPU time of a slice, µs per call. */
interface Slice {
  readonly mainUs: number
  readonly elsewhereUs: number
}

export interface Round {
  readonly witness: Slice
  readonly without: Slice
  readonly limited: Slice
  readonly limitedAgain: Slice
}

export const slicesOfRound = ['witness', 'without', 'limited', 'limitedAgain'] as const

/** Share of the rounds that counts as calm. */
const calmShare = 1 / 3

/** Null when a call failed with every seat; a seat with a failed call is left out. */
export async function measureLimits(bench: Bench, seats: readonly Seat[]): Promise<LimitsFigures | null> {
  const added: Record<string, AddedFigures> = {}
  for (const seat of seats) {
    const { unlimited } = seat
    if (unlimited === null) throw new TypeError(`${seat.name} has no workload without limits`)
    const rounds = await measureRounds(bench, unlimited, seat)
    const latency = await measurePairs(bench, [unlimited, seat])
    if (rounds === null) continue
    const addedMs = latency?.targets[1]?.addedMs ?? null
    added[seat.name] = {
      ...figuresOf(rounds),
      addedP50Ms: addedMs?.p50 ?? null,
      addedP99Ms: addedMs?.p99 ?? null,
    }
  }
  return Object.keys(added).length === 0 ? null : { added }
}

/** Null when a call failed, or when the process does not report its main thread's time. */
async function measureRounds(bench: Bench, without: Seat, limited: Seat): Promise<readonly Round[] | null> {
  const { limitsRounds } = bench.plan
  const rounds: Round[] = []
  try {
    for (let number = 1; number <= limitsRounds; number++) {
      if (number % 100 === 1) bench.say(`${limited.name}: round ${number} of ${limitsRounds}`)
      const slices = { witness: without, without, limited, limitedAgain: limited }
      const round: Partial<Record<keyof Round, Slice>> = {}
      // At random, so that periodic work of the process meets all of them alike.
      for (const name of shuffled(slicesOfRound)) {
        const { result, cpuUs, mainThreadCpuUs } = await sliceOnce(bench, slices[name])
        if (!flawless(result) || mainThreadCpuUs === null) return null
        const { answered } = result
        round[name] = { mainUs: mainThreadCpuUs / answered, elsewhereUs: (cpuUs - mainThreadCpuUs) / answered }
      }
      // All elements have been set.
      rounds.push(round as Round)
    }
  } finally {
    await bench.load.ask('letGo')
  }
  await limited.settle()
  return rounds
}

/** @param random 0 (inclusive) .. 1 (exclusive). */
export function shuffled<T>(list: readonly T[], random: () => number = Math.random): readonly T[] {
  return list
    .map(value => ({ value, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ value }) => value)
}

/** @param rounds at least one. */
export function figuresOf(rounds: readonly Round[]): Omit<AddedFigures, 'addedP50Ms' | 'addedP99Ms'> {
  const slowest = quantile(Float64Array.from(rounds, round => round.witness.mainUs).sort(), calmShare)
  const calm = rounds.filter(round => round.witness.mainUs <= slowest)
  return {
    // No round is chosen: the witness is one more slice without limits.
    addedUs: centre(rounds.map(round => bothLimited(round, 'mainUs') - bothWithout(round, 'mainUs'))),
    addedWhenCalmUs: centre(calm.map(round => bothLimited(round, 'mainUs') - round.without.mainUs)),
    nothingUs: centre(rounds.map(({ witness, without }) => witness.mainUs - without.mainUs)),
    addedElsewhereUs: centre(
      rounds.map(round => bothLimited(round, 'elsewhereUs') - bothWithout(round, 'elsewhereUs')),
    ),
    withoutUs: centre(rounds.map(({ without }) => without.mainUs)),
    withoutWhenCalmUs: centre(calm.map(({ without }) => without.mainUs)),
  }
}

function bothLimited({ limited, limitedAgain }: Round, figure: keyof Slice): number {
  return (limited[figure] + limitedAgain[figure]) / 2
}

function bothWithout({ without, witness }: Round, figure: keyof Slice): number {
  return (without[figure] + witness[figure]) / 2
}

/** Latency one call at a time, against the first seat. Null when a call failed. */
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

/** A Redis of the run's own, on the core of load and backend. Resolves with its URL. */
export async function redisOf(stack: AsyncDisposableStack, core: string | null): Promise<string> {
  const redis = await startRedis({ after: close => stack.defer(async () => void (await close())) })
  if (core !== null && redis.pid !== null) spawnSync('taskset', ['-apc', core, String(redis.pid)])
  return redis.url
}
