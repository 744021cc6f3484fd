/**
 * Calls `work` every `everyMs` milliseconds until the function that it answers is called. `work` never rejects; its promise is for tests, which
 * bring schedulers of their own.
 */
export type Scheduler = (everyMs: number, work: () => Promise<void>) => () => void

/** The machine's timers. They keep no process alive. */
export const systemScheduler: Scheduler = (everyMs, work) => {
  const timer = setInterval(() => void work(), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
