import type { Clock } from '../../clock.ts'
import type { AzureSimulatorOptions, SimulatedDeployment } from '../../types.ts'

export type Sleep = NonNullable<AzureSimulatorOptions['sleep']>

/** Waits, or returns at once when `signal` aborts; never rejects. */
export function sleepOnTimers(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** Waits shorter than this are carried over: timers are no finer than a millisecond. */
const debtFloorMs = 2

/** The pace of one answer: one wait until its first token, then one per token. */
export interface Pace {
  firstToken(): Promise<void>
  /** Null when there is no wait. */
  tokens(count: number): Promise<void> | null
  /**
   * Waits for this many tokens at once, of an answer or of reasoning that is made as a whole. Resolves to the number of
   * tokens that were produced when the client left.
   */
  produce(count: number, kind: 'said' | 'thought'): Promise<number>
}

const instant: Pace = { firstToken: async () => {}, tokens: () => null, produce: async count => count }

/** True when the deployment has no latency at all: answers then take the shortest way. */
export function isInstant(spec: SimulatedDeployment): boolean {
  return !spec.timeToFirstTokenMs && !spec.tokensPerSecond && !spec.reasoningTokensPerSecond
}

/** `random` gives 0 .. 1 and decides the jitter: a mean of 100 ms with jitter 0.2 lies between 80 and 120. */
export function pace(
  spec: SimulatedDeployment,
  random: () => number,
  sleep: Sleep,
  clock: Clock,
  gone: AbortSignal,
): Pace {
  if (isInstant(spec)) return instant
  const vary = (mean: number): number => Math.max(0, mean * (1 + (spec.jitter ?? 0) * (2 * random() - 1)))
  const perTokenMs = spec.tokensPerSecond ? 1000 / spec.tokensPerSecond : 0
  const perThoughtMs = spec.reasoningTokensPerSecond ? 1000 / spec.reasoningTokensPerSecond : perTokenMs
  let debtMs = 0
  return {
    firstToken: async () => {
      const ms = vary(spec.timeToFirstTokenMs ?? 0)
      if (ms > 0) await sleep(ms, gone)
    },
    tokens: count => {
      if (perTokenMs === 0) return null
      debtMs += vary(perTokenMs * count)
      if (debtMs < debtFloorMs) return null
      const startedAtMs = clock()
      return sleep(debtMs, gone).then(() => {
        // Timers are late. The time that was overslept is deducted from the next tokens. If the clock did not move, all
        // of it counts.
        const sleptMs = clock() - startedAtMs
        debtMs = sleptMs > 0 ? debtMs - sleptMs : 0
      })
    },
    produce: async (count, kind) => {
      if (gone.aborted) return 0
      const ms = count === 0 ? 0 : vary(kind === 'said' ? perTokenMs * count : perThoughtMs * count)
      if (ms < debtFloorMs) return count
      const startedAtMs = clock()
      await sleep(ms, gone)
      if (!gone.aborted) return count
      return Math.min(count, Math.max(0, Math.floor((count * (clock() - startedAtMs)) / ms)))
    },
  }
}
