import type { RedisStore } from '../../redis/index.ts'
import type { CounterBook } from '../counting/counter-book.ts'
import { type Counter, type CounterReading, readingOf } from '../counting/counters.ts'
import type { RedisKeys } from './keys.ts'
import { noteSum, type ScriptReply } from './replies.ts'
import { scripts } from './scripts.ts'

/** Counters in one script call. */
const readMax = 100

export interface ReadParts {
  readonly redis: RedisStore
  readonly keys: RedisKeys
  /** The time argument of scripts. */
  readonly time: string
  /** The server's time as far as it is known, in ms. */
  readonly nowMs: number
}

/** Three figures for each of at most `readMax` counters, after the time. */
async function ask(counters: readonly Counter[], { redis, keys, time, nowMs }: ReadParts): Promise<ScriptReply> {
  const args: (string | number)[] = [time]
  for (const counter of counters) {
    keys.describe(counter, nowMs, args)
    args.push(0, 0, 0)
  }
  const names = counters.map(counter => keys.keyOf(counter))
  return (await redis.run(scripts.read, names, args)) as ScriptReply
}

/** Counters over all replicas. @throws RedisDown */
export async function readAll(counters: readonly Counter[], parts: ReadParts): Promise<readonly CounterReading[]> {
  const readings: CounterReading[] = []
  for (let from = 0; from < counters.length; from += readMax) {
    const some = counters.slice(from, from + readMax)
    const reply = await ask(some, parts)
    for (const [index, { window }] of some.entries()) {
      const [sum = 0, reserved = 0, reset = 0] = reply.slice(1 + index * 3, 4 + index * 3)
      const renewsAtMs = window.kind === 'inFlight' ? null : (reply[0] ?? 0) + (sum === 0 ? 0 : reset)
      readings.push(readingOf(sum, reserved, renewsAtMs))
    }
  }
  return readings
}

/** A sum that is older is asked for. In ms. */
const freshMs = 250
/** Counters that are looked at in one step, so that a step is short however many there are. */
const looksMax = 1_000

/**
 * Keeps the sums over all replicas new in a process that has few calls. In an outage its shares begin with them: with
 * old ones the replicas together would admit what others have used since.
 */
export class FreshSums {
  readonly #book: CounterBook
  #rest: Iterator<Counter>

  constructor(book: CounterBook) {
    this.#book = book
    this.#rest = book.values()[Symbol.iterator]()
  }

  /** Asks for up to 100 sums, in the next step for the next ones. @throws RedisDown */
  async step(parts: ReadParts): Promise<void> {
    const some = this.#next(parts.nowMs)
    if (some.length === 0) return
    const reply = await ask(some, parts)
    for (const [index, counter] of some.entries()) {
      const [sum = 0, , reset = 0] = reply.slice(1 + index * 3, 4 + index * 3)
      noteSum(counter, sum, reply[0] ?? 0, reset)
    }
  }

  #next(nowMs: number): readonly Counter[] {
    const some: Counter[] = []
    for (let looks = 0; looks < looksMax && some.length < readMax; looks += 1) {
      const { done, value } = this.#rest.next()
      if (done === true) {
        this.#rest = this.#book.values()[Symbol.iterator]()
        break
      }
      const { lastReported } = value
      if (lastReported === null || nowMs - lastReported.atMs >= freshMs) some.push(value)
    }
    return some
  }
}
