/**
 * The load, in a process of its own: bounded in connections, calls and time. It checks status and length of every
 * answer, counts what is not as expected, and the bench fails on it.
 */
import { performance } from 'node:perf_hooks'
import { answerParent, isChild } from './child.ts'
import { ErrorCount, type Errors, fault, Line, repeat, silenceMsMax } from './line.ts'
import { type Spread, spread } from './quantiles.ts'
import { type ExpectedAnswer, expectedAnswer, type Question, questionBody } from './questions.ts'
import { Connection, EventCounter, requestBytes, WireError } from './wire.ts'

/** Where to send, and with which headers beyond Host, Content-Type and Content-Length. */
export interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface CallsOrder {
  readonly target: Target
  readonly question: Question
  readonly connections: number
  /** The run ends at whichever comes first. */
  readonly callsMax: number
  readonly durationMsMax: number
}

export interface CallsResult {
  readonly sent: number
  /** Answers that were whole and as expected. */
  readonly answered: number
  readonly errors: Errors
  readonly elapsedMs: number
  readonly latencyMs: Spread | null
}

/**
 * Connections that stay open between one order and the next, so that short runs measure calls and not the opening of
 * connections. All to one origin.
 */
export class KeptLines {
  readonly #lines: Line[] = []

  take(count: number, url: string): readonly Line[] {
    while (this.#lines.length < count) this.#lines.push(new Line(url))
    return this.#lines.slice(0, count)
  }

  close(): void {
    for (const line of this.#lines.splice(0)) line.close()
  }
}

/**
 * Calls one after the other on each connection (closed loop).
 * @param kept Connections to use and to leave open; without it, each run opens its own.
 */
export async function runCalls(order: CallsOrder, kept: KeptLines | null = null): Promise<CallsResult> {
  const request = requestBytes(order.target.url, order.target.headers, questionBody(order.question))
  const expected = expectedAnswer(order.question)
  const errors = new ErrorCount()
  const latenciesMs: number[] = []
  let sent = 0
  const startedAt = performance.now()
  const endsAt = startedAt + order.durationMsMax
  const lines = kept ?? new KeptLines()
  const worker = async (line: Line): Promise<void> => {
    await repeat(errors, async () => {
      if (sent >= order.callsMax || performance.now() >= endsAt) return false
      const connection = await line.ready()
      if (sent >= order.callsMax) return false
      sent += 1
      const askedAt = performance.now()
      const answer = await connection.exchange(request)
      const wrong = fault(answer, expected, 0)
      if (wrong === null) latenciesMs.push(performance.now() - askedAt)
      else errors.add(wrong)
      return true
    })
  }
  await Promise.all(lines.take(order.connections, order.target.url).map(worker))
  const elapsedMs = performance.now() - startedAt
  if (kept === null) lines.close()
  return { sent, answered: latenciesMs.length, errors: errors.byKind, elapsedMs, latencyMs: spread(latenciesMs) }
}

export interface SteadyOrder {
  readonly targets: readonly Target[]
  readonly question: Question
  /** To each target. */
  readonly callsPerSecond: number
  /** To each target. */
  readonly connections: number
  readonly durationMs: number
}

/** For each target, in the given order. */
export type SteadyResult = readonly Pick<CallsResult, 'sent' | 'answered' | 'errors' | 'latencyMs'>[]

/**
 * Calls at a steady rate, however long answers take (open loop), as far as the connections allow. The latency of a
 * call that had to wait for its connection counts from the moment at which it was due. Others are sent up to some
 * milliseconds before or after that, as timers are, and count from then on.
 * @param kept Connections that stay open between orders.
 */
export function runSteady(order: SteadyOrder, kept: KeptLinesByTarget): Promise<SteadyResult> {
  const expected = expectedAnswer(order.question)
  const body = questionBody(order.question)
  const pauseMs = (order.connections / order.callsPerSecond) * 1_000
  const startedAt = performance.now()
  const endsAt = startedAt + order.durationMs
  const toOne = async (target: Target, place: number): Promise<SteadyResult[number]> => {
    const request = requestBytes(target.url, target.headers, body)
    const errors = new ErrorCount()
    const latenciesMs: number[] = []
    let sent = 0
    const worker = async (line: Line, index: number): Promise<void> => {
      // Evenly spread over the connections, and the targets by turns.
      const offset = (index + place / order.targets.length) / order.connections
      let dueAt = startedAt + offset * pauseMs
      await repeat(errors, async () => {
        if (dueAt >= endsAt) return false
        const waitMs = dueAt - performance.now()
        if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
        const fromMs = waitMs > 0 ? performance.now() : dueAt
        const connection = await line.ready()
        sent += 1
        const wrong = fault(await connection.exchange(request), expected, 0)
        if (wrong === null) latenciesMs.push(performance.now() - fromMs)
        else errors.add(wrong)
        dueAt += pauseMs
        return true
      })
    }
    await Promise.all(kept.of(target).take(order.connections, target.url).map(worker))
    return { sent, answered: latenciesMs.length, errors: errors.byKind, latencyMs: spread(latenciesMs) }
  }
  return Promise.all(order.targets.map(toOne))
}

/** Kept connections of several origins. */
export class KeptLinesByTarget {
  readonly #byUrl = new Map<string, KeptLines>()

  of({ url }: Target): KeptLines {
    const kept = this.#byUrl.get(url) ?? new KeptLines()
    this.#byUrl.set(url, kept)
    return kept
  }

  close(): void {
    for (const kept of this.#byUrl.values()) kept.close()
  }
}

export interface StreamsOrder {
  readonly target: Target
  readonly question: Question
  /** Streams at once, each on a connection of its own, all started within `spreadMs`. */
  readonly connections: number
  readonly spreadMs: number
}

export interface StreamsResult {
  readonly sent: number
  readonly answered: number
  readonly errors: Errors
  readonly elapsedMs: number
  /** The backend's separate writes in all streams: what a relay has to pass on. */
  readonly chunks: number
  readonly firstEventMs: Spread | null
  /** Time between two events of a stream as the client sees them. */
  readonly gapMs: Spread | null
}

interface StreamTimes {
  readonly firstEventMs: number[]
  readonly gapMs: number[]
}

/** One stream. Returns what was wrong with it, or null. `onFirst`: called at the first event. */
async function stream(
  connection: Connection,
  request: Buffer,
  expected: ExpectedAnswer,
  times: StreamTimes,
  onFirst: () => void,
): Promise<string | null> {
  const counter = new EventCounter()
  let events = 0
  let lastAt = performance.now()
  const answer = await connection.exchange(request, bytes => {
    const added = counter.count(bytes)
    if (added === 0) return
    const now = performance.now()
    if (events === 0) {
      times.firstEventMs.push(now - lastAt)
      onFirst()
    } else times.gapMs.push(now - lastAt)
    lastAt = now
    events += added
  })
  return fault(answer, expected, events)
}

/** One stream on each connection. */
export async function runStreams(order: StreamsOrder): Promise<StreamsResult> {
  const request = requestBytes(order.target.url, order.target.headers, questionBody(order.question))
  const expected = expectedAnswer(order.question)
  const errors = new ErrorCount()
  const times: StreamTimes = { firstEventMs: [], gapMs: [] }
  const lines = Array.from({ length: order.connections }, () => new Line(order.target.url))
  const connections = await Promise.all(lines.map(line => line.ready()))
  let answered = 0
  const startedAt = performance.now()
  const one = async (connection: Connection, index: number): Promise<void> => {
    // Streams of real clients do not tick together, but streams that start at once would.
    await new Promise(resolve => setTimeout(resolve, (index * order.spreadMs) / order.connections))
    try {
      const wrong = await stream(connection, request, expected, times, () => {})
      if (wrong === null) answered += 1
      else errors.add(wrong)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      errors.add(error.code)
    }
  }
  await Promise.all(connections.map(one))
  const elapsedMs = performance.now() - startedAt
  for (const line of lines) line.close()
  return {
    sent: order.connections,
    answered,
    errors: errors.byKind,
    elapsedMs,
    chunks: order.connections * expected.writes,
    firstEventMs: spread(times.firstEventMs),
    gapMs: spread(times.gapMs),
  }
}

export interface PairsOrder {
  /** The first one is the reference, which is called directly. */
  readonly targets: readonly Target[]
  readonly question: Question
  /** Calls to each target that count; `warmUp` more come before them. */
  readonly pairs: number
  readonly warmUp: number
}

export interface PairsResult {
  /** Calls to each target, warm-up included. */
  readonly sent: number
  /** In the given order. */
  readonly targets: readonly {
    readonly answered: number
    readonly errors: Errors
    readonly latencyMs: Spread | null
    /** Latency beyond the reference's in the same round; all zero for the reference itself. */
    readonly addedMs: Spread | null
  }[]
}

/** One target of a paired run. */
class PairedTarget {
  readonly line: Line
  readonly request: Buffer
  readonly errors = new ErrorCount()
  readonly latencyMs: number[] = []
  readonly addedMs: number[] = []
  answered = 0

  constructor(target: Target, body: Buffer) {
    this.line = new Line(target.url)
    this.request = requestBytes(target.url, target.headers, body)
  }

  /** Duration of one call; null when it failed. */
  async timed(expected: ExpectedAnswer): Promise<number | null> {
    try {
      const connection = await this.line.ready()
      const askedAt = performance.now()
      const wrong = fault(await connection.exchange(this.request), expected, 0)
      const tookMs = performance.now() - askedAt
      if (wrong === null) {
        this.answered += 1
        return tookMs
      }
      this.errors.add(wrong)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.errors.add(error.code)
    }
    return null
  }
}

/**
 * One call at a time, each target once per round, so that disturbances of the machine affect all alike. The order
 * rotates and reverses, so that no target always follows the same one and its remaining background work.
 */
export async function runPairs(order: PairsOrder): Promise<PairsResult> {
  const body = questionBody(order.question)
  const expected = expectedAnswer(order.question)
  const targets = order.targets.map(target => new PairedTarget(target, body))
  const [reference] = targets
  const rounds = order.warmUp + order.pairs
  for (let round = 0; round < rounds; round++) {
    const first = round % targets.length
    const rotated = [...targets.slice(first), ...targets.slice(0, first)]
    const turned = Math.floor(round / targets.length) % 2 === 1
    const tookMs = new Map<PairedTarget, number | null>()
    for (const target of turned ? rotated.reverse() : rotated) tookMs.set(target, await target.timed(expected))
    if (round < order.warmUp || reference === undefined) continue
    const referenceMs = tookMs.get(reference) ?? null
    for (const [target, ms] of tookMs) {
      if (ms !== null) target.latencyMs.push(ms)
      if (ms !== null && referenceMs !== null) target.addedMs.push(ms - referenceMs)
    }
  }
  for (const { line } of targets) line.close()
  return {
    sent: rounds,
    targets: targets.map(target => ({
      answered: target.answered,
      errors: target.errors.byKind,
      latencyMs: spread(target.latencyMs),
      addedMs: spread(target.addedMs),
    })),
  }
}

export interface HoldOrder {
  readonly target: Target
  readonly question: Question
  readonly streams: number
  /** Maximum number of streams that wait for their first event while the streams are opened. */
  readonly openingMax: number
}

export interface HoldResult {
  readonly sent: number
  readonly answered: number
  readonly errors: Errors
}

/** Many slow streams. `opened` resolves when each has had its first event or failed, `ended` when all are over. */
export interface Hold {
  readonly opened: Promise<void>
  readonly ended: Promise<HoldResult>
}

export function holdStreams(order: HoldOrder): Hold {
  const request = requestBytes(order.target.url, order.target.headers, questionBody(order.question))
  const expected = expectedAnswer(order.question)
  const errors = new ErrorCount()
  const times: StreamTimes = { firstEventMs: [], gapMs: [] }
  const running: Promise<void>[] = []
  let answered = 0
  let sent = 0
  const openOne = async (): Promise<void> => {
    const connection = await Connection.open(order.target.url, silenceMsMax)
    sent += 1
    await new Promise<void>(onFirst => {
      const whole = stream(connection, request, expected, times, onFirst)
      const over = whole
        .then(wrong => {
          if (wrong === null) answered += 1
          else errors.add(wrong)
        })
        .catch((error: unknown) => errors.add(error instanceof WireError ? error.code : String(error)))
        .finally(() => {
          onFirst()
          connection.close()
        })
      running.push(over)
    })
  }
  let toOpen = order.streams
  const opener = async (): Promise<void> => {
    while (toOpen > 0) {
      toOpen -= 1
      await openOne().catch((error: unknown) => errors.add(error instanceof WireError ? error.code : String(error)))
    }
  }
  const opened = Promise.all(Array.from({ length: order.openingMax }, opener)).then(() => {})
  const ended = opened.then(() => Promise.all(running)).then(() => ({ sent, answered, errors: errors.byKind }))
  return { opened, ended }
}

if (import.meta.main && isChild) {
  let hold: Hold | null = null
  const kept = new KeptLines()
  const keptByTarget = new KeptLinesByTarget()
  const orders = {
    calls: (order: unknown) => runCalls(order as CallsOrder),
    slice: (order: unknown) => runCalls(order as CallsOrder, kept),
    steady: (order: unknown) => runSteady(order as SteadyOrder, keptByTarget),
    letGo: () => {
      kept.close()
      keptByTarget.close()
    },
    streams: (order: unknown) => runStreams(order as StreamsOrder),
    pairs: (order: unknown) => runPairs(order as PairsOrder),
    open: (order: unknown) => {
      hold = holdStreams(order as HoldOrder)
      return hold.opened
    },
    finish: () => hold?.ended,
  }
  answerParent({}, orders, async () => {})
}
