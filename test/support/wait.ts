/** Waiting for another process, another thread, or a closed connection. */
import { setTimeout as delay } from 'node:timers/promises'

const betweenMs = 15
/** Only a test that fails waits so long: cores that others keep busy must not fail it. */
const withinDefaultMs = 60_000

/**
 * The first result that is not null; `ask` is called again and again.
 * @param what names it in the error.
 * @throws Error when there is none within `withinMs`.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | null | Promise<T | null>,
  withinMs = withinDefaultMs,
): Promise<T> {
  const until = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (performance.now() >= until) throw new Error(`not within ${withinMs} ms: ${what}`)
    await delay(betweenMs)
  }
}

/** Rejects when the work takes longer: the test then names what hung instead of hanging itself. */
export async function soon<T>(what: string, work: Promise<T>, withinMs = withinDefaultMs): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`not within ${withinMs} ms: ${what}`)), withinMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Everything that the stream yields. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}
