import { readlinkSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { basename } from 'node:path'

/**
 * Lets the calls of the gateway go before this thread. On Linux a thread has a priority of its own (setpriority(2),
 * "Bugs"); elsewhere, and where the system refuses, it keeps that of the process and works as well, only not later.
 * @param steps Steps of niceness. Of a core that calls would use up, 10 leave a thread 10 %, and 15 leave it 3 %.
 */
export function lowerThreadPriority(steps: number): void {
  if (process.platform !== 'linux') return
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self')))
    setPriority(thread, Math.min(getPriority(thread) + steps, constants.priority.PRIORITY_LOW))
  } catch {
    // /proc may be missing, and a profile of system calls may refuse it.
  }
}
