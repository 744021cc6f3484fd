/**
 * Calls `work` every `everyMs` milliseconds until the returned function is called. `work` never rejects; its promise is
 * for tests, which use schedulers of their own.
 */
export type Scheduler = (everyMs: number, work: () => Promise<void>) => () => void

/** Real timers. They do not keep the process alive. */
export const systemScheduler: Scheduler = (everyMs, work) => {
  const timer = setInterval(() => void work(), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
