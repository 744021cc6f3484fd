/** Calls `work` every `everyMs` milliseconds until the function that it answers is called. Tests bring their own. */
export type Scheduler = (everyMs: number, work: () => void) => () => void

/** The machine's timers. They keep no process alive. */
export const systemScheduler: Scheduler = (everyMs, work) => {
  const timer = setInterval(work, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
