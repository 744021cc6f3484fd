/** Answers that last end when their reader signs out, or may see something else than when they began. */
import type { Context } from 'hono'
import type { AdminEnv } from './env.ts'

/** Longest time between two looks at the session and the roles, in milliseconds. */
export const allowedCheckMs = 1_000

/**
 * @param ends aborted when the answer ends in any case.
 * @param checkMs milliseconds between two looks.
 * @returns aborted then, or within about `checkMs` after the session has ended or the roles have changed; also when the
 *   store of the sessions does not answer, as a new request would be refused then.
 */
export function whileAllowed(c: Context<AdminEnv>, ends: AbortSignal, checkMs: number): AbortSignal {
  const over = new AbortController()
  const isAllowed = c.get('isAllowed')
  let timer: NodeJS.Timeout | undefined
  const look = async (): Promise<void> => {
    const isStill = await isAllowed().catch(() => false)
    if (ends.aborted) return
    if (isStill) timer = setTimeout(look, checkMs).unref()
    else over.abort()
  }
  if (!ends.aborted) timer = setTimeout(look, checkMs).unref()
  ends.addEventListener('abort', () => clearTimeout(timer), { once: true })
  return AbortSignal.any([ends, over.signal])
}
