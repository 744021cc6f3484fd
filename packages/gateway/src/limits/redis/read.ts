import type { RedisStore } from '../../redis/index.ts'
import { type Counter, type CounterReading, readingOf } from '../counting/counters.ts'
import type { RedisKeys } from './keys.ts'
import type { ScriptReply } from './replies.ts'
import { scripts } from './scripts.ts'

/** Counters in one script call. */
export const readMax = 100

export interface ReadParts {
  readonly redis: RedisStore
  readonly keys: RedisKeys
  /** The time argument of scripts. */
  readonly time: string
  /** The server's time as far as it is known, in ms. */
  readonly nowMs: number
}

/** The time, then sum, reserved and reset of each of at most `readMax` counters. @throws RedisDown */
export async function ask(counters: readonly Counter[], { redis, keys, time, nowMs }: ReadParts): Promise<ScriptReply> {
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
