/**
 * The measurements, stage by stage. Every stage calls all seats in turn, round after round (A B A B), and reports
 * medians over the rounds, so that other load that disturbs one round does not decide the figure.
 */
import type { ProcessUsage } from './child.ts'
import type { Errors } from './line.ts'
import type {
  CallsOrder,
  CallsResult,
  HoldOrder,
  HoldResult,
  PairsOrder,
  PairsResult,
  StreamsOrder,
  StreamsResult,
  Target,
} from './load.ts'
import type { Child } from './processes.ts'
import { median } from './quantiles.ts'
import type { Seat } from './seats.ts'

export interface Plan {
  readonly rounds: number
  /** Bounds of one round of calls, and of the warm-up before the first. */
  readonly callsMax: number
  readonly callsMsMax: number
  readonly warmUpMs: number
  /** A round of streams: this many at once, each of this many content chunks. */
  readonly streams: number
  readonly streamChunks: number
  readonly streamPaceMs: number
  /** Pairs of calls per size of body, and streams held open for the measurement of memory. */
  readonly pairs: readonly [PairsPlan, ...PairsPlan[]]
  readonly heldStreams: number
  readonly heldChunks: number
  /** Rounds of slices with limits and without. */
  readonly limitsRounds: number
}

interface PairsPlan {
  readonly bodyKiB: number
  readonly pairs: number
  readonly warmUp: number
}

const connections = 64
/** In ms; a slice takes some ten. */
const sliceMsMax = 20_000
export const smallQuestion = { questionBytes: 170, answerBytes: 800, chunks: 0, paceMs: 0 }

/** Calls sent through a seat and their failures, over all stages. */
export class Account {
  sent = 0
  answered = 0
  readonly errors: Record<string, number> = {}

  add(sent: number, answered: number, errors: Errors): void {
    this.sent += sent
    this.answered += answered
    for (const [kind, count] of Object.entries(errors)) this.errors[kind] = (this.errors[kind] ?? 0) + count
  }
}

/** The processes that every stage needs. */
export interface Bench {
  readonly load: Child
  readonly upstream: Child
  /** The target that is called directly. */
  readonly direct: Target
  readonly plan: Plan
  /** By the seat's name. */
  readonly accounts: Map<string, Account>
  /** Reports progress. */
  readonly say: (line: string) => void
}

export function accountOf(bench: Bench, name: string): Account {
  const known = bench.accounts.get(name)
  if (known !== undefined) return known
  const made = new Account()
  bench.accounts.set(name, made)
  return made
}

interface Spent {
  readonly cpuUs: number
  readonly mainThreadCpuUs: number | null
}

function spent(before: ProcessUsage, after: ProcessUsage): Spent {
  const threads = before.mainThreadCpuUs !== null && after.mainThreadCpuUs !== null
  return {
    cpuUs: after.cpuUs - before.cpuUs,
    mainThreadCpuUs: threads ? (after.mainThreadCpuUs ?? 0) - (before.mainThreadCpuUs ?? 0) : null,
  }
}

export interface Watched<Result> extends Spent {
  readonly result: Result
  /** Time from the last answer until everything was stored. */
  readonly settleMs: number
  /** Share of one core that load and backend took together: near 1, they are the bottleneck. */
  readonly loadCoreShare: number
}

/** Runs a load against a seat. The CPU time counts until the seat has settled: deferred work is also work. */
async function watch<Result extends { readonly elapsedMs: number }>(
  bench: Bench,
  seat: Seat,
  run: () => Promise<Result>,
): Promise<Watched<Result>> {
  const [before, loadBefore, upstreamBefore] = await Promise.all([
    seat.usage(),
    bench.load.usage(),
    bench.upstream.usage(),
  ])
  const result = await run()
  const [loadAfter, upstreamAfter] = await Promise.all([bench.load.usage(), bench.upstream.usage()])
  const answeredAt = performance.now()
  await seat.settle()
  const settleMs = performance.now() - answeredAt
  const loadUs = loadAfter.cpuUs - loadBefore.cpuUs + upstreamAfter.cpuUs - upstreamBefore.cpuUs
  return {
    ...spent(before, await seat.usage()),
    result,
    settleMs,
    loadCoreShare: loadUs / 1_000 / result.elapsedMs,
  }
}

function medianOrNull(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter(value => typeof value === 'number')
  return known.length === 0 ? null : median(known)
}

export interface CallsFigures {
  /** All threads, until everything is stored. */
  readonly cpuUsPerCall: number
  readonly mainThreadCpuUsPerCall: number | null
  /** Of `connections` that call without a pause. */
  readonly callsPerSecond: number
  /** The same with the time that it took afterwards until everything was stored. */
  readonly settledCallsPerSecond: number
  readonly loadedP50Ms: number
  readonly loadedP99Ms: number
  readonly loadCoreShare: number
  /**
   * Share of one core that the seat had. Pinned and called without a pause it should be near 1; if it is less, other
   * programs used its core.
   */
  readonly coreShare: number
  /** `cpuUsPerCall` of each round. */
  readonly rounds: readonly number[]
}

export async function callsOnce(bench: Bench, seat: Seat, bounds: Pick<CallsOrder, 'callsMax' | 'durationMsMax'>) {
  const order: CallsOrder = { target: seat.target, question: smallQuestion, connections, ...bounds }
  const watched = await watch(bench, seat, () => bench.load.ask<CallsResult>('calls', order))
  const { sent, answered, errors } = watched.result
  accountOf(bench, seat.name).add(sent, answered, errors)
  return watched
}

/**
 * One call on each of the connections, which stay open from one slice to the next until the load gets `letGo`. Deferred
 * work of the seat is not waited for.
 */
export async function sliceOnce(bench: Bench, seat: Seat): Promise<Spent & { readonly result: CallsResult }> {
  const order: CallsOrder = {
    target: seat.target,
    question: smallQuestion,
    connections,
    callsMax: connections,
    durationMsMax: sliceMsMax,
  }
  const before = await seat.usage()
  const result = await bench.load.ask<CallsResult>('slice', order)
  const cpu = spent(before, await seat.usage())
  accountOf(bench, seat.name).add(result.sent, result.answered, result.errors)
  return { ...cpu, result }
}

function callsFigures(rounds: readonly Watched<CallsResult>[]): CallsFigures {
  const per = (of: (round: Watched<CallsResult>) => number): number => median(rounds.map(of))
  const answered = (round: Watched<CallsResult>): number => round.result.answered
  return {
    cpuUsPerCall: per(round => round.cpuUs / answered(round)),
    mainThreadCpuUsPerCall: medianOrNull(
      rounds.map(round => (round.mainThreadCpuUs === null ? null : round.mainThreadCpuUs / answered(round))),
    ),
    callsPerSecond: per(round => (round.result.answered / round.result.elapsedMs) * 1_000),
    settledCallsPerSecond: per(round => (round.result.answered / (round.result.elapsedMs + round.settleMs)) * 1_000),
    loadedP50Ms: per(round => round.result.latencyMs?.p50 ?? Number.POSITIVE_INFINITY),
    loadedP99Ms: per(round => round.result.latencyMs?.p99 ?? Number.POSITIVE_INFINITY),
    loadCoreShare: per(round => round.loadCoreShare),
    coreShare: per(round => round.cpuUs / 1_000 / (round.result.elapsedMs + round.settleMs)),
    rounds: rounds.map(round => round.cpuUs / answered(round)),
  }
}

/** Runs `once` for every seat in every round. */
async function alternate<Round>(
  bench: Bench,
  seats: readonly Seat[],
  stage: string,
  once: (seat: Seat) => Promise<Round>,
): Promise<Map<string, Round[]>> {
  const rounds = new Map<string, Round[]>(seats.map(seat => [seat.name, []]))
  for (let round = 1; round <= bench.plan.rounds; round++) {
    bench.say(`${stage}: round ${round} of ${bench.plan.rounds}`)
    for (const seat of seats) rounds.get(seat.name)?.push(await once(seat))
  }
  return rounds
}

export function flawless(result: {
  readonly sent: number
  readonly answered: number
  readonly errors: Errors
}): boolean {
  return result.answered === result.sent && Object.keys(result.errors).length === 0
}

/** Figures of the seats without any error: the cost of a call that failed says nothing. */
function figuresOf<Round extends { readonly result: Parameters<typeof flawless>[0] }, Figures>(
  rounds: ReadonlyMap<string, readonly Round[]>,
  figures: (rounds: readonly Round[]) => Figures,
): Record<string, Figures> {
  const whole = [...rounds].filter(([, ofSeat]) => ofSeat.every(({ result }) => flawless(result)))
  return Object.fromEntries(whole.map(([name, ofSeat]) => [name, figures(ofSeat)]))
}

/** Before every stage: until the usual path is compiled, figures measure the compiler. */
export async function warmUp(bench: Bench, seats: readonly Seat[]): Promise<void> {
  bench.say('warming up')
  const bounds = { callsMax: bench.plan.callsMax, durationMsMax: bench.plan.warmUpMs }
  for (const seat of seats) await callsOnce(bench, seat, bounds)
}

export async function measureCalls(bench: Bench, seats: readonly Seat[]): Promise<Record<string, CallsFigures>> {
  const { callsMax, callsMsMax } = bench.plan
  const bounds = { callsMax, durationMsMax: callsMsMax }
  return figuresOf(await alternate(bench, seats, 'calls', seat => callsOnce(bench, seat, bounds)), callsFigures)
}

export interface StreamsFigures {
  /**
   * All threads, until everything is stored, including the streams' beginnings and ends. Null if nothing was watched.
   */
  readonly cpuUsPerChunk: number | null
  readonly mainThreadCpuUsPerChunk: number | null
  readonly chunksPerSecond: number
  readonly firstEventP50Ms: number | null
  readonly firstEventP99Ms: number | null
  readonly gapP50Ms: number | null
  readonly gapP99Ms: number | null
  /** `cpuUsPerChunk` of each round. */
  readonly rounds: readonly number[]
}

function streamsOrder(plan: Plan, target: Target, streamChunks: number): StreamsOrder {
  const question = { questionBytes: 170, answerBytes: 0, chunks: streamChunks, paceMs: plan.streamPaceMs }
  return { target, question, connections: plan.streams, spreadMs: plan.streamPaceMs * 5 }
}

function streamsFigures(rounds: readonly { result: StreamsResult; cpu: Spent | null }[]): StreamsFigures {
  const perChunk = rounds.flatMap(({ result, cpu }) => (cpu === null ? [] : [cpu.cpuUs / result.chunks]))
  return {
    cpuUsPerChunk: medianOrNull(perChunk),
    mainThreadCpuUsPerChunk: medianOrNull(
      rounds.map(({ result, cpu }) => (cpu?.mainThreadCpuUs == null ? null : cpu.mainThreadCpuUs / result.chunks)),
    ),
    chunksPerSecond: median(rounds.map(({ result }) => (result.chunks / result.elapsedMs) * 1_000)),
    firstEventP50Ms: medianOrNull(rounds.map(({ result }) => result.firstEventMs?.p50)),
    firstEventP99Ms: medianOrNull(rounds.map(({ result }) => result.firstEventMs?.p99)),
    gapP50Ms: medianOrNull(rounds.map(({ result }) => result.gapMs?.p50)),
    gapP99Ms: medianOrNull(rounds.map(({ result }) => result.gapMs?.p99)),
    rounds: perChunk,
  }
}

/**
 * Also measures the backend called directly, under the name `direct`: the client's view without anything in between.
 */
export async function measureStreams(bench: Bench, seats: readonly Seat[]): Promise<Record<string, StreamsFigures>> {
  const once = async (seat: Seat, chunks: number) => {
    const order = streamsOrder(bench.plan, seat.target, chunks)
    const watched = await watch(bench, seat, () => bench.load.ask<StreamsResult>('streams', order))
    const { sent, answered, errors } = watched.result
    accountOf(bench, seat.name).add(sent, answered, errors)
    return { result: watched.result, cpu: watched }
  }
  bench.say('streams: warming up')
  for (const seat of seats) await once(seat, Math.ceil(bench.plan.streamChunks / 3))
  const rounds = await alternate(bench, seats, 'streams', seat => once(seat, bench.plan.streamChunks))
  const order = streamsOrder(bench.plan, bench.direct, bench.plan.streamChunks)
  const direct = await bench.load.ask<StreamsResult>('streams', order)
  accountOf(bench, 'direct').add(direct.sent, direct.answered, direct.errors)
  return { direct: streamsFigures([{ result: direct, cpu: null }]), ...figuresOf(rounds, streamsFigures) }
}

export interface LatencyFigures {
  /** Size of the question and of the answer, each. */
  readonly bodyKiB: number
  readonly pairs: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Beyond the direct call of the same round; null for the direct call itself. */
  readonly addedP50Ms: number | null
  readonly addedP99Ms: number | null
}

/** One call at a time through every seat and directly, side by side. */
export async function measureLatency(bench: Bench, seats: readonly Seat[]): Promise<Record<string, LatencyFigures[]>> {
  const names = ['direct', ...seats.map(seat => seat.name)]
  const figures: Record<string, LatencyFigures[]> = Object.fromEntries(names.map(name => [name, []]))
  for (const { bodyKiB, pairs, warmUp } of bench.plan.pairs) {
    bench.say(`latency: ${bodyKiB} KiB`)
    const question = { questionBytes: bodyKiB * 1_024, answerBytes: bodyKiB * 1_024, chunks: 0, paceMs: 0 }
    const order: PairsOrder = { targets: [bench.direct, ...seats.map(seat => seat.target)], question, pairs, warmUp }
    const result = await bench.load.ask<PairsResult>('pairs', order)
    names.forEach((name, index) => {
      const target = result.targets[index]
      if (target === undefined) return
      accountOf(bench, name).add(result.sent, target.answered, target.errors)
      const whole = flawless({ ...target, sent: result.sent })
      const latencyMs = whole ? target.latencyMs : null
      const addedMs = whole && index > 0 ? target.addedMs : null
      figures[name]?.push({
        bodyKiB,
        pairs,
        p50Ms: latencyMs?.p50 ?? null,
        p99Ms: latencyMs?.p99 ?? null,
        addedP50Ms: addedMs?.p50 ?? null,
        addedP99Ms: addedMs?.p99 ?? null,
      })
    })
    for (const seat of seats) await seat.settle()
  }
  return figures
}

export interface MemoryFigures {
  readonly streams: number
  /** Resident memory of the process after a warm-up, before the first of the streams. */
  readonly rssBeforeBytes: number
  /** The highest value while all of them were open. */
  readonly rssWhileBytes: number
}

/**
 * Null when not all streams went well. `seat` must be fresh: what earlier stages left in its heap would be counted as
 * well.
 */
export async function measureMemory(bench: Bench, seat: Seat): Promise<MemoryFigures | null> {
  const { heldStreams, heldChunks } = bench.plan
  bench.say(`memory: ${heldStreams} streams through ${seat.name}`)
  await callsOnce(bench, seat, { callsMax: 2_000, durationMsMax: 3_000 })
  const { rssBytes: rssBeforeBytes } = await seat.usage()
  const question = { questionBytes: 170, answerBytes: 0, chunks: heldChunks, paceMs: 1_000 }
  const order: HoldOrder = { target: seat.target, question, streams: heldStreams, openingMax: 50 }
  await bench.load.ask('open', order)
  const finished = bench.load.ask<HoldResult>('finish')
  let rssWhileBytes = 0
  let over = false
  const ended = finished.finally(() => {
    over = true
  })
  // Sampled at an interval while the streams run: waits for the next sample or for the end.
  while (!over) {
    rssWhileBytes = Math.max(rssWhileBytes, (await seat.usage()).rssBytes)
    await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 250))])
  }
  const result = await ended
  accountOf(bench, seat.name).add(result.sent, result.answered, result.errors)
  await seat.settle()
  if (!flawless(result) || result.sent !== heldStreams) return null
  return { streams: heldStreams, rssBeforeBytes, rssWhileBytes }
}
